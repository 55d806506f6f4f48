package render

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// SARIFVersion is the version of the format (OASIS SARIF 2.1.0), and sarifSchema where its
// schema is.
const (
	SARIFVersion = "2.1.0"
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

// SARIF is the part of the format that is used: section numbers are of OASIS's text.
type SARIF struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []SARIFRun `json:"runs"`
}

// SARIFRun is a run of a tool (3.14).
type SARIFRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"` // present and empty: nothing was found
	ColumnKind  string            `json:"columnKind"`
}

type (
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct { // 3.49
		ID               string       `json:"id"`
		ShortDescription sarifMessage `json:"shortDescription"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifInvocation struct { // 3.20
		ExecutionSuccessful        bool                `json:"executionSuccessful"`
		ToolExecutionNotifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string       `json:"level"`
		Message sarifMessage `json:"message"`
	}
	sarifResult struct { // 3.27
		RuleID     string          `json:"ruleId"`
		RuleIndex  int             `json:"ruleIndex"`
		Level      string          `json:"level"`
		Message    sarifMessage    `json:"message"`
		Locations  []sarifLocation `json:"locations"`
		CodeFlows  []sarifFlow     `json:"codeFlows,omitempty"`
		Properties map[string]any  `json:"properties,omitempty"`
	}
	sarifFlow struct {
		ThreadFlows []sarifThread `json:"threadFlows"`
	} // 3.36
	sarifThread struct {
		Locations []sarifStep `json:"locations"`
	}
	sarifStep struct {
		Location sarifLocation `json:"location"`
	}

	sarifLocation struct { // 3.28
		PhysicalLocation sarifPhysical  `json:"physicalLocation"`
		LogicalLocations []sarifLogical `json:"logicalLocations,omitempty"`
		Message          *sarifMessage  `json:"message,omitempty"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int           `json:"startLine"`
		StartColumn int           `json:"startColumn,omitempty"`
		Snippet     *sarifMessage `json:"snippet,omitempty"`
	}
	sarifLogical struct { // 3.33
		Name               string `json:"name,omitempty"`
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
)

// RuleID is a rule's name in SARIF. It is stable: it never changes its meaning.
func RuleID(rule string) string { return "lockstep/" + rule }

// ToSARIF makes a log of a report, with one result if the program is refused. file is what
// was verified; it is the place of what comes from no line of source.
func ToSARIF(r *Report, file string) *SARIF {
	run := SARIFRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}, Invocations: []sarifInvocation{{ExecutionSuccessful: true}}}
	run.Tool.Driver = sarifDriver{Name: "lockstep", InformationURI: "https://github.com/lockstep-ebpf/lockstep", Rules: []sarifRule{}}
	switch r.Verdict {
	case "accepted":
	case "unsupported": // no result: nothing is known of the program
		run.Invocations[0] = sarifInvocation{ToolExecutionNotifications: []sarifNotification{{"error", sarifMessage{"this verifier cannot judge the program: " + r.Message}}}}
	default:
		words := strings.ReplaceAll(r.Rule, "-", " ")
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{RuleID(r.Rule), sarifMessage{words}})
		run.Results = append(run.Results, resultOf(r, file))
	}
	return &SARIF{sarifSchema, SARIFVersion, []SARIFRun{run}}
}

func resultOf(r *Report, file string) sarifResult {
	text := r.Message
	if r.Have != "" && r.Register != "" {
		text += fmt.Sprintf("\n%s is %s.", r.Register, r.Have)
	}
	if r.Need != "" {
		text += fmt.Sprintf("\nNeeded: %s.", r.Need)
	}
	insn := -1
	if r.Insn != nil {
		insn = *r.Insn
	}
	res := sarifResult{
		RuleID: RuleID(r.Rule), Level: "error", Message: sarifMessage{text},
		Locations:  []sarifLocation{locationOf(r, file, insn, r.Source, "")},
		Properties: map[string]any{"verdict": r.Verdict, "processed": r.Processed},
	}
	if r.Release != "" {
		res.Properties["release"] = r.Release
	}
	var steps []sarifStep
	for _, b := range r.Path {
		steps = append(steps, sarifStep{locationOf(r, file, b.Insn, b.Source, fmt.Sprintf("%s, to insn %d", b.Text, b.To))})
	}
	for _, e := range r.Story {
		if e.Insn >= 0 {
			steps = append(steps, sarifStep{locationOf(r, file, e.Insn, e.Source, fmt.Sprintf("%s: %s is %s", e.What, r.Register, e.Value))})
		}
	}
	if len(steps) > 0 {
		res.CodeFlows = []sarifFlow{{[]sarifThread{{steps}}}}
	}
	return res
}

// locationOf is the line of source if it is known, else the file that was verified; and the
// instruction, as a place in the program.
func locationOf(r *Report, file string, insn int, source *Source, message string) sarifLocation {
	name := r.Program
	if name == "" && r.Prog != nil {
		name = fmt.Sprintf("program%d", *r.Prog)
	}
	loc := sarifLocation{LogicalLocations: []sarifLogical{{Name: r.Program, FullyQualifiedName: name, Kind: "function"}}}
	if insn >= 0 {
		loc.LogicalLocations[0].FullyQualifiedName += fmt.Sprintf("+%d", insn)
	}
	if message != "" {
		loc.Message = &sarifMessage{message}
	}
	loc.PhysicalLocation.ArtifactLocation.URI = uri(file)
	if source != nil && source.File != "" && source.Line > 0 {
		loc.PhysicalLocation.ArtifactLocation.URI = uri(source.File)
		region := &sarifRegion{StartLine: source.Line, StartColumn: source.Column}
		if source.Text != "" {
			region.Snippet = &sarifMessage{source.Text}
		}
		loc.PhysicalLocation.Region = region
	}
	return loc
}

// uri is a path as a reference of RFC 3986.
func uri(file string) string {
	return (&url.URL{Path: path.Clean(strings.ReplaceAll(file, "\\", "/"))}).String()
}
