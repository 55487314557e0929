// Verify checks an exported log with the packages behind Go's checksum database, which share no code with Countersign.
//
// Usage: verify FOLDER. The folder holds "vkey", a log in the layout of C2SP tlog-tiles, an older checkpoint "old" with
// the proof "consistency" that the log extends it, and one record in "record".
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Each leaf's hash is compared; a proof is made and checked for every so many, and for the last.
const proveEvery = 499

type folder string

func (f folder) read(path string) []byte {
	data, err := os.ReadFile(filepath.Join(string(f), path))
	check(err, path)
	return data
}

// Height, ReadTiles and SaveTiles make the folder a tlog.TileReader. tlog's paths name the tile height, tlog-tiles' don't.
func (f folder) Height() int { return 8 }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads the leaves from the bundles; their paths are those of the tiles of level 0.
func (f folder) entries(size int64) [][]byte {
	var leaves [][]byte
	for first := int64(0); first < size; first += 256 {
		tile := tlog.Tile{H: 8, L: 0, N: first / 256, W: 256}
		if size-first < 256 {
			tile.W = int(size - first)
		}
		bundle := f.read(strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1))
		for i := 0; i < tile.W; i++ {
			length := 2 + int(binary.BigEndian.Uint16(bundle))
			leaves = append(leaves, bundle[2:length])
			bundle = bundle[length:]
		}
		must(len(bundle) == 0, "an entry bundle has bytes left over")
	}
	return leaves
}

func check(err error, what string) {
	must(err == nil, "%s: %v", what, err)
}

func must(ok bool, format string, args ...interface{}) {
	if !ok {
		log.Fatalf(format, args...)
	}
}

// open checks the signature on a checkpoint and reads it.
func open(data []byte, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(data, note.VerifierList(verifier))
	check(err, "checkpoint")
	lines := strings.Split(opened.Text, "\n")
	must(len(lines) == 4 && lines[3] == "" && lines[0] == verifier.Name(), "not a checkpoint: %q", opened.Text)
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "root")
	return tlog.Tree{N: size, Hash: root}
}

func hashes(text string) []tlog.Hash {
	var all []tlog.Hash
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		hash, err := tlog.ParseHash(line)
		check(err, "hash")
		all = append(all, hash)
	}
	return all
}

func main() {
	log.SetFlags(0)
	must(len(os.Args) == 2, "usage: verify FOLDER")
	f := folder(os.Args[1])
	verifier, err := note.NewVerifier(string(f.read("vkey")))
	check(err, "vkey")
	tree := open(f.read("checkpoint"), verifier)
	leaves := f.entries(tree.N)
	reader := tlog.TileHashReader(tree, f)

	for first := int64(0); first < tree.N; first += 256 {
		var indexes []int64
		for n := first; n < first+256 && n < tree.N; n++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n))
		}
		found, err := reader.ReadHashes(indexes)
		check(err, "tiles")
		for i, hash := range found {
			must(hash == tlog.RecordHash(leaves[first+int64(i)]), "leaf %d is not in its tile", first+int64(i))
		}
	}
	for n := int64(0); n < tree.N; n++ {
		if n%proveEvery == 0 || n == tree.N-1 {
			proof, err := tlog.ProveRecord(tree.N, n, reader)
			check(err, "prove")
			check(tlog.CheckRecord(proof, tree.N, tree.Hash, n, tlog.RecordHash(leaves[n])), "record")
		}
	}

	// The older checkpoint, by our proof and by Go's, which must be the same.
	old := open(f.read("old"), verifier)
	growth := tlog.TreeProof(hashes(string(f.read("consistency"))))
	check(tlog.CheckTree(growth, tree.N, tree.Hash, old.N, old.Hash), "consistency")
	theirs, err := tlog.ProveTree(tree.N, old.N, reader)
	check(err, "prove tree")
	must(fmt.Sprint(growth) == fmt.Sprint(theirs), "the consistency proofs differ")

	// The record, from its tlog-proof and from its single files.
	proof := string(f.read("record/record.tlog-proof"))
	header, signed, _ := strings.Cut(proof, "\n\n")
	lines := strings.SplitN(header, "\n", 3)
	must(lines[0] == "c2sp.org/tlog-proof@v1" && len(lines) == 3, "not a tlog-proof: %q", header)
	index := strings.TrimSuffix(string(f.read("record/index")), "\n")
	must(lines[1] == "index "+index, "the index differs: %q", lines[1])
	must(lines[2]+"\n" == string(f.read("record/proof")), "the proof differs")
	n, err := strconv.ParseInt(index, 10, 64)
	check(err, "index")
	leaf := f.read("record/leaf")
	must(bytes.Equal(leaf, leaves[n]), "the leaf differs")
	head := open([]byte(signed), verifier)
	path := tlog.RecordProof(hashes(lines[2]))
	check(tlog.CheckRecord(path, head.N, head.Hash, n, tlog.RecordHash(leaf)), "tlog-proof")
	fmt.Printf("%d leaves verified\n", tree.N)
}
