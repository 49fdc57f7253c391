# tapline: the commands of the README.
#
#   make demo    install what is missing, build, and show the sessions of a real capture
#   make test    install what is missing, build, and pass the tests
#   make lint    formatting, clippy, the dependencies' licences (where cargo-deny is installed)
#   make bench   packets per second of each stage
#   make bless   write the expected lines of pcaps/ and conversations anew: read the diff

CARGO ?= cargo
DEMO  ?= pcaps/ssh-password.pcap pcaps/http-oddport.pcap pcaps/tls-oddport.pcap pcaps/dns-oddport.pcap pcaps/smb-oddport.pcap

.PHONY: demo test lint bench bless build prepare prepare-tests

demo: build
	@for capture in $(DEMO); do echo "# $$capture"; target/release/tapline -q -r $$capture || exit 1; done

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
	$(CARGO) bench --workspace --locked

bless: prepare
	BLESS=1 $(CARGO) test --workspace --locked

prepare:
	@./packaging/prepare.sh build

prepare-tests:
	@./packaging/prepare.sh test
