// The other side of the log's proofs: Go libraries that share no code with ours.
// transparency-dev/merkle verifies; x/mod/sumdb/tlog builds trees and proofs of its own, x/mod/sumdb/note opens notes.
// One JSON question per line on standard input, one JSON answer per line.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Ask   string
	Leaf  []byte   // a leaf hash
	Proof [][]byte // lowest first
	Index uint64
	Old   uint64
	Size  uint64
	Then  []byte // root of the older tree
	Root  []byte
	// of a tree that is to be built here
	Leaves [][]byte
	Note   string
	Vkey   string
}

type answer struct {
	Good  bool
	Why   string
	Root  []byte
	Proof [][]byte
	Text  string
}

type hashes []tlog.Hash

func (stored hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for place, index := range indexes {
		found[place] = stored[index]
	}
	return found, nil
}

func told(err error) answer {
	if err != nil {
		return answer{Why: err.Error()}
	}
	return answer{Good: true}
}

func plain(proof []tlog.Hash) [][]byte {
	found := make([][]byte, len(proof))
	for place := range proof {
		found[place] = proof[place][:]
	}
	return found
}

func build(leaves [][]byte) (hashes, error) {
	var stored hashes
	for number, leaf := range leaves {
		more, err := tlog.StoredHashes(int64(number), leaf, stored)
		if err != nil {
			return nil, err
		}
		stored = append(stored, more...)
	}
	return stored, nil
}

func proven(asked question) answer {
	stored, err := build(asked.Leaves)
	if err != nil {
		return told(err)
	}
	size := int64(len(asked.Leaves))
	root, err := tlog.TreeHash(size, stored)
	if err != nil {
		return told(err)
	}
	made := answer{Good: true, Root: root[:]}
	if asked.Ask == "prove inclusion" {
		path, err := tlog.ProveRecord(size, int64(asked.Index), stored)
		if err != nil {
			return told(err)
		}
		made.Proof = plain(path)
		return made
	}
	path, err := tlog.ProveTree(size, int64(asked.Old), stored)
	if err != nil {
		return told(err)
	}
	made.Proof = plain(path)
	return made
}

func opened(asked question) answer {
	verifier, err := note.NewVerifier(asked.Vkey)
	if err != nil {
		return told(err)
	}
	found, err := note.Open([]byte(asked.Note), note.VerifierList(verifier))
	if err != nil {
		return told(err)
	}
	return answer{Good: true, Text: found.Text}
}

func reply(asked question) answer {
	switch asked.Ask {
	case "inclusion":
		return told(proof.VerifyInclusion(
			rfc6962.DefaultHasher, asked.Index, asked.Size, asked.Leaf, asked.Proof, asked.Root))
	case "consistency":
		return told(proof.VerifyConsistency(
			rfc6962.DefaultHasher, asked.Old, asked.Size, asked.Proof, asked.Then, asked.Root))
	case "prove inclusion", "prove consistency":
		return proven(asked)
	case "note":
		return opened(asked)
	}
	return answer{Why: "unknown question"}
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	in := json.NewDecoder(lines)
	for {
		var asked question
		if in.Decode(&asked) != nil {
			return
		}
		if out.Encode(reply(asked)) != nil {
			return
		}
	}
}
