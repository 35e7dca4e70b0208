// A receiver made of Elastic's own Lumberjack server: acknowledged events as lines of a file.
// Usage: golumber ADDRESS FILE; prints its port.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"

	v2 "github.com/elastic/go-lumber/server/v2"
)

func main() {
	l, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	s, err := v2.NewWithListener(l)
	if err != nil {
		panic(err)
	}
	out, err := os.Create(os.Args[2])
	if err != nil {
		panic(err)
	}
	for batch := range s.ReceiveChan() {
		for _, e := range batch.Events {
			text, err := json.Marshal(e)
			if err != nil {
				panic(err)
			}
			out.Write(append(text, '\n'))
		}
		batch.ACK()
	}
}
