// Package planted is for tests of oracles and reducers: an engine that is the
// reference VM with one mistake, and small random programs to run on it.
package planted
