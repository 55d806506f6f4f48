package state

// Where stack that was not written may not be read, or parts of addresses may not, it
// matters for pruning which bytes of a slot may be: State.Hidden says so.

// hides reports whether something that may be read of the old slot may not be of the new
// one.
func hides(old, now *Slot) bool {
	address := now.Spill != nil && now.Spill.IsPointer()
	for i, b := range old.Bytes {
		switch {
		case b == Unwritten:
		case now.Bytes[i] == Unwritten, b != Spilled && now.Bytes[i] == Spilled && address:
			return true
		}
	}
	return false
}
