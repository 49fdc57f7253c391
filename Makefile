# tapline: the commands of the README.
#
#   make demo    install what is missing, build, and show the sessions of real captures
#   make build   install what is missing, and build target/release/tapline
#   make test    install what is missing, build, and pass the tests
#   make lint    formatting, clippy, the dependencies' licences (where cargo-deny is installed)
#   make bench   what a whole replay costs beside a loop that counts packets (make bench-stages: each stage by itself;
#                make bench-peers: other tools that are installed, on the same loads; make bench-wire: the rate up to which a
#                wire is read without loss, as root)
#   make docs    write what follows from the options anew: packaging/tapline.toml, the manual page, the shells' completions
#   make bless   write everything that tests compare with anew: read the diff

CARGO ?= cargo
TAPLINE = $(or $(CARGO_TARGET_DIR),target)/release/tapline
DEMO  ?= pcaps/ssh-password.pcap
MORE  ?= pcaps/http-oddport.pcap pcaps/tls-oddport.pcap pcaps/dns-oddport.pcap pcaps/smb-oddport.pcap

.PHONY: demo docs test lint bench bench-peers bench-stages bench-wire bless build prepare prepare-tests

demo: build
	@printf '\nA session as its one line of syslog: an SSH log-in on port 8443.\n$$ $(TAPLINE) -r %s\n' '$(DEMO)'
	@$(TAPLINE) -q -r $(DEMO)
	@printf '\nThe same as JSON, indented by jq where that is installed.\n$$ $(TAPLINE) -r %s --format json | jq .\n' '$(DEMO)'
	@$(TAPLINE) -q -r $(DEMO) --format json | if command -v jq >/dev/null; then jq .; else cat; fi
	@printf '\nHTTP, TLS, DNS and SMB, each on a port that is not its own, and the account at the end.\n$$ $(TAPLINE) -r %s\n' '$(MORE)'
	@$(TAPLINE) -r $(MORE)
	@printf '\nREADME.md explains the first line field by field. Your own: $(TAPLINE) -r FILE\n'

build: prepare
	$(CARGO) build --release --locked

test: prepare prepare-tests
	$(CARGO) test --workspace --locked

lint: prepare
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check licenses bans sources; \
	else echo "cargo-deny is not installed: licences and duplicates of dependencies are not checked (cargo install cargo-deny)"; fi

bench: prepare
	$(CARGO) bench --locked -p sensor --bench replay

bench-peers: prepare
	$(CARGO) bench --locked -p sensor --bench replay -- --peers

bench-wire: build
	benches/wire.sh $(TAPLINE)

bench-stages: prepare
	$(CARGO) bench --locked -p dissectors -p output
	$(CARGO) bench --locked -p sensor --bench stages

docs: prepare
	BLESS=1 $(CARGO) test --locked -p sensor --test configuration what_the_options_say

bless: prepare
	BLESS=1 $(CARGO) test --workspace --locked

prepare:
	@./packaging/prepare.sh build

prepare-tests:
	@./packaging/prepare.sh test
