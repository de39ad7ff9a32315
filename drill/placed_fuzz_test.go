package drill

import (
	"net"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
)

// FuzzAddressOfPostgres: whatever URL an agent accepts leads to the one address that it has checked, and names no file.
func FuzzAddressOfPostgres(f *testing.F) {
	for _, url := range []string{
		"postgres://u:secret@10.0.0.3:5433/d?sslmode=require&search_path=s", "postgres://u@10.0.0.3/d?host=10.0.0.9", "postgres:///d?host=/run/postgresql",
		"postgres://u@10.0.0.3:5432,10.0.0.9:5432/d", "postgres://u@[::1]:5432/d", "postgres://u@h/d?SSLMODE=disable&sslmode=disable", "postgres://u@h:/d?sslmode=disable",
		"postgres://u@h/d?port=1&sslmode=disable", "postgres://u@h%2fx/d", "postgres://u@h/d?sslmode=disable;host=x", "postgres://@/d", "postgres://u@allowed#@victim/d", "postgres://u@allowed\\@victim/d", "postgres://u:p@x@victim/d", "postgres://u@h:05432/d", "postgres://h?sslrootcert=/etc/passwd",
	} {
		f.Add(url)
	}
	for _, name := range []string{"PGHOST", "PGPORT", "PGSERVICE", "PGSERVICEFILE", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGPASSFILE"} {
		f.Setenv(name, "") // the machine's own settings are its owner's
	}
	f.Fuzz(func(t *testing.T, url string) {
		address, err := addressOfPostgres(url)
		if err != nil {
			return
		}
		config, err := pgx.ParseConfig(url)
		if err != nil {
			return // the backend refuses it
		}
		if leads := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))); leads != address {
			t.Errorf("%q leads to %s, and %s was checked", url, leads, address)
		}
		for _, other := range config.Fallbacks {
			if leads := net.JoinHostPort(other.Host, strconv.Itoa(int(other.Port))); leads != address {
				t.Errorf("%q leads to %s too, and %s was checked", url, leads, address)
			}
		}
	})
}
