// Package check has only tests: of the chart, the manifests and the compose file in the folder above.
package check
