//go:build !unix

package listener

// MostConnections returns 0: this system has no limit of descriptors.
func MostConnections() int { return 0 }
