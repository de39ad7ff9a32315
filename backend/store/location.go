package store

import "net/url"

// Name returns a location without its password, for display.
func Name(location string) string {
	if !isPostgres(location) {
		return location
	}
	parsed, err := url.Parse(location)
	if err != nil {
		return "postgres://…"
	}
	return parsed.Redacted()
}

// IsFile reports whether a location is the path of a file.
func IsFile(location string) bool { return !isPostgres(location) }
