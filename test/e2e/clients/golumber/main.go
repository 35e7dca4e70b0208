// Sends events with Elastic's own Lumberjack client, each window acknowledged whole.
// Usage: lumberclient ADDRESS sync|async LEVEL WINDOWS EVENTS [CA [CERT KEY]]; prints what was acknowledged.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	v2 "github.com/elastic/go-lumber/client/v2"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

func dialer(ca, cert, key string) func(network, address string) (net.Conn, error) {
	if ca == "" {
		return net.Dial
	}
	pem, err := os.ReadFile(ca)
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: roots, ServerName: "localhost"}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		must(err)
		config.Certificates = []tls.Certificate{pair}
	}
	return func(network, address string) (net.Conn, error) {
		return tls.Dial(network, address, config)
	}
}

func window(first, events int) []interface{} {
	var out []interface{}
	for i := 0; i < events; i++ {
		out = append(out, map[string]interface{}{
			"@timestamp": "2024-02-14T21:18:29.782Z",
			"@metadata":  map[string]string{"beat": "packetbeat"},
			"message":    "event", "n": first + i,
		})
	}
	return out
}

func main() {
	args := append(os.Args[1:], "", "", "")
	level, windows, events := number(args[2]), number(args[3]), number(args[4])
	dial := dialer(args[5], args[6], args[7])
	options := []v2.Option{v2.CompressionLevel(level), v2.Timeout(20 * time.Second)}
	acked := 0
	if args[1] == "sync" {
		c, err := v2.SyncDialWith(dial, args[0], options...)
		must(err)
		for w := 0; w < windows; w++ {
			n, err := c.Send(window(w*events, events))
			must(err)
			acked += n
		}
		must(c.Close())
	} else {
		c, err := v2.AsyncDialWith(dial, args[0], 4, options...)
		must(err)
		var wait sync.WaitGroup
		var lock sync.Mutex
		for w := 0; w < windows; w++ {
			wait.Add(1)
			must(c.Send(func(seq uint32, err error) {
				must(err)
				lock.Lock()
				acked += int(seq)
				lock.Unlock()
				wait.Done()
			}, window(w*events, events)))
		}
		wait.Wait()
		must(c.Close())
	}
	fmt.Println(acked)
}
