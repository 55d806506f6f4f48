// Package reports keeps what was found.
//
// A [Finding] is one difference between two implementations: which two, at what
// instruction, shown by which case. A [Dir] keeps findings on disk, one folder a
// signature:
//
//	DIR/refvm-fastvm-register-mod32.x/
//	    case.txtar      the reduced case: lockstep run DIR/…/case.txtar
//	    original.txtar  the case as it was generated
//	    report.txt      for a person
//	    finding.json    for a program, and for reading back
//
// A folder appears whole or not at all: it is written under another name and then
// renamed. The same finding again only raises its count.
package reports
