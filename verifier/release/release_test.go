package release

import "testing"

func TestEveryHelperHasARow(t *testing.T) {
	for id := int32(1); id <= 211; id++ {
		if h := byID[id]; h == nil {
			t.Errorf("no helper %d", id)
		}
	}
}
