# Standin - a declarative runbook engine for disaster recovery
#
#   make            build build/standin
#   make deps       install what is missing (Debian 12; the one list is DEPS below)
#   make demo       boot the lab, lose a mail server, stand in for it, go back
#   make test       everything that must hold; 25 minutes on two cores (needs root for the lab)
#   make unit       only the unit tests          make cli     only the command line's
#   make torture    the full counts: SEED=1 N=1000
#   make bench      times, beside what others need for the same work
#   make lint       clang-format, clang-tidy, the layer check; LINTED='engine/cli/*.c' for a part
#   make install    PREFIX=/usr/local DESTDIR= (programs, man pages, completions, plugins, schemas, examples)
#   make deb        build/standin_VERSION_ARCHITECTURE.deb
#   make clean
#
# SAN=address,undefined builds with sanitizers (into build/san). V=1 shows the commands.

CC       ?= gcc
SAN      ?=
BUILD    ?= $(if $(SAN),build/san,build)
PREFIX   ?= /usr/local
DESTDIR  ?=
V        ?=
Q        := $(if $(V),,@)

DEPS_BUILD := gcc make pkg-config libyaml-dev libssh2-1-dev libpcre2-dev libjansson-dev libgit2-dev libssl-dev libldap-dev libkrb5-dev \
	libsasl2-dev libxxhash-dev libzstd-dev libcmocka-dev scdoc dpkg-dev
DEPS_TEST  := bats chromium git gpg gpg-agent clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev curl openssh-server openssh-client sudo rsync python3 time \
	libtest-json-schema-acceptance-perl iproute2 nftables mmdebstrap systemd-container e2fsprogs xfsprogs btrfs-progs openssl procps \
	util-linux passwd strace tmux gcc-mingw-w64-x86-64-win32 libxml2-utils
DEPS_BENCH := ansible-core
DEPS       := $(DEPS_BUILD) $(DEPS_TEST)

PKGS     := yaml-0.1 libgit2 libssh2 libpcre2-8 jansson libcrypto
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef -Wvla -Wwrite-strings
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
CFLAGS   ?= -O2 -g
ALL_CFLAGS := -std=gnu17 $(CFLAGS) $(WARNINGS) $(HARDEN) -D_GNU_SOURCE -I. -DSTANDIN_SHARE='"$(PREFIX)/share/standin"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_LDFLAGS := $(LDFLAGS) -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN))
LIBS     := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

# From the bottom to the top: a layer includes only those before it (tests/layers checks). Later ones link first.
LAYERS   := base document schema expression runbook library connection plugin plan lint journal execute report cli
ARCHIVES  = $(foreach l,$(LAYERS),$(if $(wildcard engine/$(l)/*.c),$(BUILD)/engine/$(l).a))
reverse   = $(if $(1),$(call reverse,$(wordlist 2,99,$(1))) $(firstword $(1)))

.PHONY: help all deps demo test tests unit cli lint layers bench torture manuals install deb clean
SEED     ?= 1
N        ?= 1000
SUITES   ?=
.DELETE_ON_ERROR:
# Plugins that are programs.
PROGRAMS := $(foreach p,ad exchange replica,$(BUILD)/plugins/$(p)/$(p))
all: $(BUILD)/standin $(PROGRAMS) $(BUILD)/standin-agent $(BUILD)/plugins/replica/standin-agent

include $(wildcard $(BUILD)/engine/*/*.d $(BUILD)/plugins/*/*.d $(BUILD)/plugins/*/*/*.d $(BUILD)/tests/*/*.d $(BUILD)/tests/unit/*/*.d \
	$(BUILD)/tests/unit/plugins/*/*.d)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC  $<")
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# The schemas are part of the program.
$(BUILD)/engine/schema/product.o: $(wildcard schemas/*.schema.json)
$(BUILD)/engine/report/run_html.o: engine/report/run_html.css
$(BUILD)/engine/lint/rules.o: engine/lint/rules.yaml

define archive
$(BUILD)/engine/$(1).a: $(patsubst %.c,$(BUILD)/%.o,$(filter-out engine/cli/main.c,$(wildcard engine/$(1)/*.c)))
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call archive,$(l))))

$(BUILD)/standin: $(BUILD)/engine/cli/main.o $(ARCHIVES)
	$(if $(Q),@echo "  LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(call reverse,$(filter %.a,$^)) $(LIBS)

# Plugins that are programs: each finds its place in plugins/NAME/ beside the engine. They are linked with the base layer only, and those
# that work on a directory with the directory code of ad.
DIRECTORY := $(BUILD)/plugins/ad/directory.a
$(DIRECTORY): $(patsubst %.c,$(BUILD)/%.o,$(filter-out plugins/ad/ad.c,$(wildcard plugins/ad/*.c)))
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/plugins/ad/ad: $(BUILD)/plugins/ad/ad.o
$(BUILD)/plugins/exchange/exchange: $(patsubst %.c,$(BUILD)/%.o,$(wildcard plugins/exchange/*.c))
$(BUILD)/plugins/replica/replica: $(patsubst %.c,$(BUILD)/%.o,$(wildcard plugins/replica/ends/*.c))
$(PROGRAMS): $(DIRECTORY) $(BUILD)/engine/base.a
	$(if $(Q),@echo "  LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(filter-out -lgit2,$(LIBS)) $(LIBS_OF_PLUGINS)
LIBS_OF_PLUGINS := $(shell pkg-config --libs ldap krb5 2>/dev/null)

# The replicator's agent goes to other hosts: it needs nothing there but libc. What it takes of the libraries is linked in, and no more.
LIBS_OF_AGENT := -Wl,--gc-sections,-Bstatic -lssl -lcrypto -lzstd -Wl,-Bdynamic
# jansson's inner names are its own: the base layer has a utf8_encode, too.
$(BUILD)/jansson.o:
	$(Q)mkdir -p $(@D) && ld -r -o $@ --whole-archive $(shell $(CC) -print-file-name=libjansson.a) && objcopy --wildcard --keep-global-symbol='json*' $@
AGENT_PROGRAM := $(patsubst %.c,$(BUILD)/%.o,$(wildcard plugins/replica/agent/agent*.c))
AGENT_OBJECTS := $(filter-out $(AGENT_PROGRAM),$(patsubst %.c,$(BUILD)/%.o,$(filter-out plugins/replica/ends/%,$(wildcard plugins/replica/*/*.c))))
$(BUILD)/plugins/replica.a: $(AGENT_OBJECTS)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/standin-agent: $(AGENT_PROGRAM) $(BUILD)/plugins/replica.a $(BUILD)/engine/base.a $(BUILD)/jansson.o
	$(if $(Q),@echo "  LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_OF_AGENT) -lm

# What the plugin replica puts on hosts stands beside its program.
$(BUILD)/plugins/replica/standin-agent: $(BUILD)/standin-agent
	$(Q)cp $< $@.new && mv -f $@.new $@

# A unit test stands at the same path as its source and is linked with its own layer and those below only.
layers_upto = $(if $(1),$(firstword $(1)) $(if $(filter $(2),$(firstword $(1))),,$(call layers_upto,$(wordlist 2,99,$(1)),$(2))))
UNIT_SOURCES := $(wildcard tests/unit/*/*_test.c)
UNIT_TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
define unit_test
$(BUILD)/tests/$(1): $(BUILD)/tests/$(1).o $(if $(filter replica,$(2)),$(BUILD)/engine/base.a $(BUILD)/plugins/replica.a,\
		$(filter $(patsubst %,$(BUILD)/engine/%.a,$(call layers_upto,$(LAYERS),$(2))),$(ARCHIVES)))
	$$(if $$(Q),@echo "  LD  $$@")
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$< $$(call reverse,$$(filter %.a,$$^)) $$(LIBS) $(if $(filter replica,$(2)),-lssl -lzstd) -lcmocka
endef
# Those of a plugin stand in tests/unit/plugins/NAME/: linked with its program's files, but for the one with main, and the base layer.
PLUGIN_TESTS := $(wildcard tests/unit/plugins/*/*_test.c)
UNIT_TESTS   += $(patsubst tests/%.c,$(BUILD)/tests/%,$(PLUGIN_TESTS))
define plugin_test
$(BUILD)/tests/$(1): $(BUILD)/tests/$(1).o $(patsubst %.c,$(BUILD)/%.o,$(filter-out plugins/$(2)/$(2).c,$(wildcard plugins/$(2)/*.c))) \
		$(DIRECTORY) $(BUILD)/engine/base.a
	$$(if $$(Q),@echo "  LD  $$@")
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS) $$(LIBS_OF_PLUGINS) -lcmocka
endef
$(foreach t,$(PLUGIN_TESTS),$(eval $(call plugin_test,$(patsubst tests/%.c,%,$(t)),$(word 4,$(subst /, ,$(t))))))
$(foreach t,$(UNIT_SOURCES),$(eval $(call unit_test,$(patsubst tests/%.c,%,$(t)),$(word 3,$(subst /, ,$(t))))))

$(BUILD)/tests/%_conformance: $(BUILD)/tests/conformance/%_conformance.o \
		$(filter $(patsubst %,$(BUILD)/engine/%.a,base document schema expression),$(ARCHIVES))
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(call reverse,$(filter %.a,$^)) $(LIBS)

# The C header's example: its test finds it as any program that was built, in plugins/NAME/ beside the running executable.
PROCESS_EXAMPLE := $(BUILD)/tests/unit/plugin/plugins/echo/echo
$(PROCESS_EXAMPLE): $(BUILD)/tests/unit/plugin/processes/echo.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(shell pkg-config --libs jansson 2>/dev/null)
$(BUILD)/tests/unit/plugin/process_protocol_test: | $(PROCESS_EXAMPLE)

# --- what people call

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

# Only what is missing is installed: a machine that has it all needs no network and no root.
deps:
	@missing=$$(dpkg-query -W -f='$${Package} $${db:Status-Abbrev}\n' $(DEPS) 2>/dev/null | awk '$$2 == "ii" {print $$1}' | sort -u > /tmp/standin-deps.$$$$; \
		printf '%s\n' $(DEPS) | sort -u | comm -23 - /tmp/standin-deps.$$$$; rm -f /tmp/standin-deps.$$$$); \
	if [ -n "$$missing" ]; then \
		echo "installing:" $$missing; \
		apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing >/dev/null; \
	fi

# A fresh machine has no pkg-config before deps: what follows is made by a second make, which asks it anew.
AGAIN := $(MAKE) --no-print-directory

demo: deps
	@$(AGAIN) all && tests/lab/demo

test: deps
	@$(AGAIN) -j2 all tests SAN= && $(AGAIN) -j2 all tests SAN=address,undefined && tests/run build build/san $(SUITES)

tests: $(UNIT_TESTS) $(PROCESS_EXAMPLE) $(BUILD)/tests/cel_conformance $(BUILD)/tests/schema_conformance

unit: tests
	$(Q)tests/run-unit $(BUILD)

cli: all
	$(Q)STANDIN=$(CURDIR)/$(BUILD)/standin bats tests/cli

torture: deps
	@$(AGAIN) -j2 all tests SAN=address,undefined && $(AGAIN) -j2 all && SEED=$(SEED) N=$(N) tests/torture/run build build/san

bench: DEPS += $(DEPS_BENCH)
bench: deps
	@$(AGAIN) -j2 all bench-programs && tests/bench/run $(BUILD)

lint: layers
	$(Q)clang-format-14 --dry-run -Werror $$(git ls-files '*.c' '*.h')
	$(Q)git ls-files $(LINTED) | xargs -P $$(nproc) -I{} sh -c 'said=$$(clang-tidy-14 --quiet "$$@" 2>&1) || { echo "$$said"; exit 1; }' \
		lint {} -- $(ALL_CFLAGS)
# What is read closely: the program, and those beside it.
LINTED   ?= 'engine/*.c' 'plugins/*.c'

layers:
	$(Q)tests/layers

# --- installing

VERSION  := $(shell sed -n 's/^.define STANDIN_VERSION "\(.*\)"/\1/p' engine/cli/cli.h)
MANDIR   ?= $(PREFIX)/share/man/man1
DOCDIR   ?= $(PREFIX)/share/doc/standin
BASHDIR  ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR   ?= $(PREFIX)/share/zsh/site-functions
FISHDIR  ?= $(PREFIX)/share/fish/vendor_completions.d

# The program says which verbs it has.
manuals: all
	$(Q)rm -rf $(BUILD)/man && mkdir -p $(BUILD)/man
	$(Q)$(BUILD)/standin manual | scdoc > $(BUILD)/man/standin.1
	$(Q)$(BUILD)/standin manual | sed -n 's/^\*\([a-z ]*\)\*$$/\1/p' | while read -r verb; do \
		$(BUILD)/standin manual $$verb | scdoc > $(BUILD)/man/standin-$$(echo $$verb | tr ' ' -).1 || exit 1; done
	$(Q)$(BUILD)/standin manual rules | scdoc > $(BUILD)/man/standin-rules.7

install: manuals $(PROGRAMS) $(BUILD)/standin-agent $(BUILD)/plugins/replica/standin-agent
	install -D -m755 $(BUILD)/standin $(DESTDIR)$(PREFIX)/bin/standin
	install -D -m755 $(BUILD)/standin-agent $(DESTDIR)$(PREFIX)/bin/standin-agent
	install -d $(DESTDIR)$(MANDIR) && install -m644 $(BUILD)/man/*.1 $(DESTDIR)$(MANDIR)
	install -D -m644 $(BUILD)/man/standin-rules.7 $(DESTDIR)$(MANDIR)/../man7/standin-rules.7
	install -D -m644 engine/cli/packaging/standin.bash $(DESTDIR)$(BASHDIR)/standin
	install -D -m644 engine/cli/packaging/standin.zsh $(DESTDIR)$(ZSHDIR)/_standin
	install -D -m644 engine/cli/packaging/standin.fish $(DESTDIR)$(FISHDIR)/standin.fish
	for file in plugins/*/plugin.yaml schemas/*.json; do install -D -m644 $$file $(DESTDIR)$(PREFIX)/share/standin/$$file || exit 1; done
	for program in plugins/*/*.py; do install -D -m755 $$program $(DESTDIR)$(PREFIX)/share/standin/$$program || exit 1; done
	for program in $(patsubst $(BUILD)/%,%,$(PROGRAMS)) plugins/replica/standin-agent; do install -D -m755 $(BUILD)/$$program $(DESTDIR)$(PREFIX)/share/standin/$$program || exit 1; done
	install -D -m644 README.md $(DESTDIR)$(DOCDIR)/README.md
	for file in $$(find runbooks -type f -mindepth 2); do install -D -m644 $$file $(DESTDIR)$(DOCDIR)/examples/$$file || exit 1; done

deb: manuals
	$(Q)rm -rf $(BUILD)/deb
	$(Q)$(AGAIN) install DESTDIR=$(BUILD)/deb PREFIX=/usr ZSHDIR=/usr/share/zsh/vendor-completions >/dev/null
	$(Q)engine/cli/packaging/deb $(BUILD)/deb $(VERSION) $(BUILD)

clean:
	rm -rf build

# --- the programs of tests/bench: the bare loops, and what they need

BENCH_PROGRAMS := $(addprefix $(BUILD)/tests/bench/,bare_local bare_ssh bare_parallel executions spend audit_store)
.PHONY: bench-programs
bench-programs: $(BENCH_PROGRAMS)
$(addprefix $(BUILD)/tests/bench/,bare_local bare_ssh bare_parallel): $(BUILD)/tests/bench/bare.o
$(BUILD)/tests/bench/bare_ssh $(BUILD)/tests/bench/bare_parallel: $(BUILD)/tests/bench/bare_session.o
$(BUILD)/tests/bench/executions: $(filter $(patsubst %,$(BUILD)/engine/%.a,$(call layers_upto,$(LAYERS),connection)),$(ARCHIVES))
$(BUILD)/tests/bench/audit_store: $(filter $(patsubst %,$(BUILD)/engine/%.a,$(call layers_upto,$(LAYERS),journal)),$(ARCHIVES))
$(BENCH_PROGRAMS): $(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o
	$(if $(Q),@echo "  LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(call reverse,$(filter %.a,$^)) $(LIBS)
