package fuzz

import (
	"encoding/json"
	"testing"
)

// FuzzState reads any bytes as the state of a campaign. What is taken over must
// give a summary.
func FuzzState(f *testing.F) {
	good, err := json.Marshal(stored{
		Seed: 7, Mix: "maps", Units: 2, Seconds: 1.5, Cells: NewCoverage().cells,
		Counts: counts{Programs: 2 * UnitSize, Accepted: 500, Targets: map[string]TargetCount{"refvm": {Programs: 512}}},
	})
	if err != nil {
		f.Fatal(err)
	}
	if err := (&Campaign{coverage: NewCoverage()}).restore(good); err != nil {
		f.Errorf("a good state: %v", err)
	}
	f.Add(good)
	f.Add([]byte(`{"units":1}`))
	f.Add([]byte(`{"units":18446744073709551615,"seconds":1e300}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &Campaign{coverage: NewCoverage()}
		if c.restore(b) == nil {
			c.Snapshot()
		}
	})
}
