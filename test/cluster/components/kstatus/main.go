// What tools that wait by kstatus (Flux, cli-utils) make of objects: a JSON array of objects on standard input, a JSON array
// of {status, message} on standard output.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	log.SetFlags(0)
	var objects []unstructured.Unstructured
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		log.Fatalf("kstatus: standard input is no JSON array of objects: %v", err)
	}
	verdicts := make([]verdict, 0, len(objects))
	for index := range objects {
		result, err := status.Compute(&objects[index])
		if err != nil {
			log.Fatalf("kstatus: object %d: %v", index, err)
		}
		verdicts = append(verdicts, verdict{Status: result.Status.String(), Message: result.Message})
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		log.Fatalf("kstatus: %v", err)
	}
}
