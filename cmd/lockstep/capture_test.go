package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// packetWriter is what the writers of both formats have in common.
type packetWriter interface {
	WritePacket(gopacket.CaptureInfo, []byte) error
}

func writePackets(w packetWriter) error {
	for _, p := range [][]byte{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}, {12, 13, 14, 15}} {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(0, 0), CaptureLength: len(p), Length: len(p)}
		if err := w.WritePacket(info, p); err != nil {
			return err
		}
	}
	return nil
}

func pcap() ([]byte, error) {
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(65536, layers.LinkTypeEthernet); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// captures are files in both formats, whole and broken.
func captures() (map[string][]byte, error) {
	header, err := pcap()
	if err != nil {
		return nil, err
	}
	two := bytes.NewBuffer(bytes.Clone(header))
	if err := writePackets(pcapgo.NewWriter(two)); err != nil {
		return nil, err
	}
	var ng bytes.Buffer
	w, err := pcapgo.NewNgWriter(&ng, layers.LinkTypeEthernet)
	if err != nil {
		return nil, err
	}
	if err := writePackets(w); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return map[string][]byte{
		"empty.pcap": header, "two.pcap": two.Bytes(), "short.pcap": two.Bytes()[:two.Len()-1], "two.pcapng": ng.Bytes(),
	}, nil
}

func writeCaptures(dir string) error {
	files, err := captures()
	if err != nil {
		return err
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func FuzzCapture(f *testing.F) {
	files, err := captures()
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range files {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		packets, err := parseCapture(b)
		if err == nil && len(packets) == 0 {
			t.Error("no packet and no error")
		}
	})
}
