// Elastic's own Lumberjack server: decodes every event (encoding/json, its default) and acknowledges
// each batch at once. Usage: golumber ADDRESS plain|tls; prints its port.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	v2 "github.com/elastic/go-lumber/server/v2"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func pair() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	form := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, &form, &form, &key.PublicKey, key)
	must(err)
	return tls.Certificate{Certificate: [][]byte{cert}, PrivateKey: key}
}

func main() {
	l, err := net.Listen("tcp", os.Args[1])
	must(err)
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	if os.Args[2] == "tls" {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair()}})
	}
	s, err := v2.NewWithListener(l)
	must(err)
	for batch := range s.ReceiveChan() {
		batch.ACK()
	}
}
