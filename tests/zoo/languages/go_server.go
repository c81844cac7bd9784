// A TLS server on Go's crypto/tls, for the zoo: go_server CHAIN KEY CLIENT_AUTH CLIENT_CA, where
// CLIENT_AUTH is a number of tls.ClientAuthType. Everything else is Go's default.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
)

func main() {
	pair, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	demand, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	authority, err := os.ReadFile(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.ClientAuthType(demand),
		ClientCAs:    pool,
	}}
	log.Fatal(server.ServeTLS(listener, "", ""))
}
