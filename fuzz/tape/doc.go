// Package tape is where a fuzzer's choices come from.
//
// A generator asks a [Source] one small question after the other: which of five,
// yes or no, some number. The answers are bytes of a tape. The tape is either
// given, from `go test -fuzz` or a file, or it is drawn from a seeded generator
// and remembered, so that what a seed made has a byte form too:
//
//	seed 7 ──▶ PCG ──▶ bytes 3a 00 c1 … ──▶ answers        Bytes() = 3a 00 c1 …
//	                    ▲
//	   go test -fuzz ───┘
//
// Every byte string is a tape. Where the bytes end every answer is the least one
// (0, false, the first choice) and [Source.Spent] tells the generator to come to
// an end. Small bytes stand for plain choices, so a tape that a reducer cuts or
// zeroes stands for a plainer result.
package tape
