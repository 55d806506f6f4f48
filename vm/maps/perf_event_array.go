package maps

// perfArray holds perf events, into which bpf_perf_event_output writes. A value is
// the number of the CPU that the event is bound to.
type perfArray struct{ objects }

func newPerfArray(s *Spec, at Place) *perfArray {
	p := &perfArray{}
	p.setup(s, at)
	return p
}

// Output checks whether a sample from a program on cpu may go to the event at
// index: E2BIG, ENOENT or EOPNOTSUPP if not.
func (p *perfArray) Output(index, cpu uint32) error {
	if index >= p.spec.MaxEntries {
		return E2BIG
	}
	on, ok := p.element(index)
	if !ok {
		return ENOENT
	}
	if on != cpu {
		return EOPNOTSUPP
	}
	return nil
}

func (p *perfArray) userLookup(_, _ []byte) error { return ENOTSUPP }

// PerfOutput is a Map of perf events.
type PerfOutput interface {
	Output(index, cpu uint32) error
}
