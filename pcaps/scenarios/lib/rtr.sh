# shellcheck shell=bash
# StayRTR, which tells routers which networks may announce which prefixes.

# cache PORT
cache() {
    put /srv/roas.json <<'JSON'
{"metadata": {"buildtime": "2026-03-23T12:00:00Z"}, "roas": [
  {"prefix": "192.0.2.0/24", "maxLength": 24, "asn": "AS64500", "ta": "example"},
  {"prefix": "198.51.100.0/24", "maxLength": 26, "asn": "AS64501", "ta": "example"},
  {"prefix": "2001:db8::/32", "maxLength": 48, "asn": "AS64500", "ta": "example"}]}
JSON
    serve stayrtr -bind ":$1" -cache /srv/roas.json -checktime=false -metrics.addr "" -refresh 3 -protocol "${2:-1}"
    listening tcp "$1"
}
