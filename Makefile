# SPDX-License-Identifier: GPL-2.0-or-later
# kpulse, in the order its data flows: schema -> bpf -> storage -> query -> programs -> tests.
#   make            build bin/*              make run     the whole pipeline on this machine
#   make test       every test               make help    all targets
# BUILD=folder keeps another variant's objects apart; V=1 shows the commands.

BUILD    ?= build
CC       ?= cc
CLANG    ?= clang
BPFTOOL  ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PREFIX   ?= /usr/local
VERSION  := 0.1.0
SANITIZE ?=

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2) >&2)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all
all: programs links man
	@:

# --- libraries: pkg-config's name and the Debian package that has it -----------------------
LIBRARIES := libbpf:libbpf-dev libzmq:libzmq3-dev libczmq:libczmq-dev msgpack:libmsgpack-dev \
             rocksdb:librocksdb-dev libxxhash:libxxhash-dev readline:libreadline-dev \
             smartcols:libsmartcols-dev tinfo:libncurses-dev jansson:libjansson-dev
PACKAGES := $(foreach l,$(LIBRARIES),$(firstword $(subst :, ,$l)))

libs_of = $(shell pkg-config --libs $(1) 2>/dev/null)
LIBS_SCHEMA    := $(call libs_of,msgpack libxxhash jansson) -lm
LIBS_TRANSPORT := $(call libs_of,libczmq libzmq)
LIBS_STORAGE   := $(call libs_of,rocksdb)
LIBS_BPF       := $(call libs_of,libbpf)
LIBS_TERMINAL  := $(call libs_of,readline smartcols tinfo)

CFLAGS_ALL := -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -fno-omit-frame-pointer \
              -I. -I$(BUILD) $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null) \
              -DKPULSE_VERSION='"$(VERSION)"' $(SANITIZE) $(CFLAGS)
LDFLAGS_ALL := $(SANITIZE) -Wl,--as-needed $(LDFLAGS)

# Programs that the build calls, and theirs.
BUILDERS := pkg-config:pkg-config $(CC):gcc $(CLANG):clang $(BPFTOOL):bpftool bison:bison re2c:re2c \
            scdoc:scdoc

NEEDS := $(BUILD)/.libraries
$(NEEDS):
	@missing=; for b in $(BUILDERS); do \
	    command -v $${b%%:*} >/dev/null || missing="$$missing $${b##*:}"; done; \
	for l in $(LIBRARIES); do \
	    pkg-config --exists $${l%%:*} 2>/dev/null || missing="$$missing $${l##*:}"; done; \
	if [ -n "$$missing" ]; then \
	    echo "missing Debian packages:$$missing. 'make deps' installs them." >&2; exit 1; fi
	@mkdir -p $(@D) && touch $@

# --- one archive a folder: a program links only the objects it uses ------------------------
FOLDERS := schema transport program storage query publisher broker subscriber
mains    = $(wildcard $(1)/*_main.c)
archive  = $(BUILD)/lib$(1).a

define FOLDER_RULES
$(1)_C := $$(filter-out $$(call mains,$(1)),$$(wildcard $(1)/*.c))
$(1)_MADE := $$(addprefix $$(BUILD)/,$$(basename $$(wildcard $(1)/*.y $(1)/*.re)))
$$(BUILD)/lib$(1).a: $$($(1)_C:%.c=$$(BUILD)/%.o) $$($(1)_MADE:=.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call FOLDER_RULES,$f)))

$(BUILD)/%.o: %.c | $(NEEDS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# --- query/grammar.y and query/lexer.re become C ----------------------------------------------
$(BUILD)/%.c $(BUILD)/%.h: %.y
	$(call say,BISON,$<)
	$(Q)mkdir -p $(@D)
	$(Q)bison -Wall -Werror -o $(BUILD)/$*.c --header=$(BUILD)/$*.h $<

$(BUILD)/%.c: %.re
	$(call say,RE2C,$<)
	$(Q)mkdir -p $(@D)
	$(Q)re2c -W -Werror -o $@ $<

$(BUILD)/%.o: $(BUILD)/%.c
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

$(query_C:%.c=$(BUILD)/%.o) $(query_MADE:=.o): | $(patsubst %.y,$(BUILD)/%.h,$(wildcard query/*.y))

# --- bpf: object -> skeleton ----------------------------------------------------------------
BPF_SKELETONS := $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%.skel.h,$(wildcard bpf/*.bpf.c))
BPF_ARCH := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m)))
# <asm/types.h> lies below the compiler's triplet on Debian.
# BPF_PROG's arguments are the hook's, used or not.
BPF_CFLAGS := -g -O2 -Wall -Wextra -Werror -Wno-unused-parameter -target bpf -mcpu=v3 \
              -D__TARGET_ARCH_$(BPF_ARCH) -I. -idirafter /usr/include/$(shell uname -m)-linux-gnu

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(NEEDS)
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q){ echo '// NOLINTBEGIN'; $(BPFTOOL) gen skeleton $< name $*_bpf && echo '// NOLINTEND'; } > $@

$(publisher_C:%.c=$(BUILD)/%.o): | $(BPF_SKELETONS)

# --- programs -------------------------------------------------------------------------------
MAINS := $(foreach f,publisher broker subscriber,$(call mains,$f))
PROGRAMS := $(patsubst %_main,bin/%,$(basename $(notdir $(MAINS))))
COMMON := $(foreach f,query transport program schema,$(call archive,$f))

.PHONY: programs links
programs: $(PROGRAMS)
links: $(if $(filter bin/client,$(PROGRAMS)),client tail)
client: bin/client
	$(Q)ln -sf bin/client client
tail: bin/subscriber
	$(Q)ln -sf bin/subscriber tail

link = $(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) \
       -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(1) -lpthread

# $(1) program, $(2) its folder, $(3) further archives before the common ones, $(4) libraries
define PROGRAM_RULES
bin/$(1): $$(BUILD)/$(2)/$(1)_main.o $$(call archive,$(2)) $(3) $$(COMMON)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p bin
	$$(call link,$(4) $$(LIBS_TRANSPORT) $$(LIBS_SCHEMA))
endef
STORE := $(call archive,storage)
$(eval $(call PROGRAM_RULES,probe,publisher,,$$(LIBS_BPF)))
$(eval $(call PROGRAM_RULES,publisher,publisher,$(STORE),$$(LIBS_BPF) $$(LIBS_STORAGE)))
$(eval $(call PROGRAM_RULES,broker,broker,$(STORE),$$(LIBS_STORAGE)))
$(eval $(call PROGRAM_RULES,subscriber,subscriber,,$$(LIBS_TERMINAL)))
$(eval $(call PROGRAM_RULES,client,subscriber,,$$(LIBS_TERMINAL)))

# --- tools written in C: tools/frames.c -> bin/frames -----------------------------------------
TOOLS := $(patsubst tools/%.c,bin/%,$(wildcard tools/*.c))
programs: $(TOOLS)
$(TOOLS): bin/%: $(BUILD)/tools/%.o $(COMMON)
	$(call say,LD,$@)
	$(Q)mkdir -p bin
	$(call link,$(LIBS_TOOL) $(LIBS_TRANSPORT) $(LIBS_SCHEMA))
# The audit opens stores, and has a folder of its own.
bin/audit: LIBS_TOOL = $(LIBS_STORAGE)
bin/audit: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/audit/*.c)) $(STORE)

# --- running: the programs in the foreground, options by ARGS= --------------------------------
VAR ?= var
SOURCE ?=
ARGS ?=
number_to_worker = n$(1)=tcp://127.0.0.1:$(shell expr 7200 + $(1))
comma := ,
blank := $(subst ,, )
# WORKERS=3 means n1, n2 and n3 on this machine; WORKERS=n1=tcp://... is passed on as it is.
workers_flag = $(if $(WORKERS),--workers $(if $(findstring =,$(WORKERS)),$(WORKERS),$(subst \
    $(blank),$(comma),$(foreach n,$(shell seq $(WORKERS)),$(call number_to_worker,$n)))))

.PHONY: deps run runCoordinator runClient runSubscriber
deps:
	@tools/bootstrap run test bench

run:
	@VAR='$(VAR)' SOURCE='$(SOURCE)' MAKE='$(MAKE)' tools/run

runWorker%: all
	@case '$*' in [1-9]|[1-9][0-9]) ;; *) echo "runWorkerN: N is 1 to 99, not '$*'" >&2; exit 2;; esac
	@exec bin/publisher --number $* --store $(VAR)/n$* $(if $(SOURCE),--source $(SOURCE)) $(ARGS)

runCoordinator: all
	@exec bin/broker --store $(VAR)/broker $(ARGS)

runClient: all
	@exec bin/client $(workers_flag) $(ARGS)

runSubscriber: all
	@exec bin/subscriber $(ARGS)

# --- tests: tools/test runs the suites and adds them up ----------------------------------------
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
LIBS_TESTS = -lcmocka $(LIBS_BPF) $(LIBS_STORAGE) $(LIBS_TERMINAL) $(LIBS_TRANSPORT) $(LIBS_SCHEMA)

$(UNIT_TESTS): $(BUILD)/%: $(BUILD)/%.o $(foreach f,$(FOLDERS),$(call archive,$f))
	$(call say,LD,$@)
	$(call link,$(LIBS_TESTS))

$(FUZZERS): $(BUILD)/%: $(BUILD)/%.o $(STORE) $(COMMON)
	$(call say,LD,$@)
	$(call link,-fsanitize=fuzzer $(LIBS_STORAGE) $(LIBS_TRANSPORT) $(LIBS_SCHEMA))

.PHONY: unit-programs fuzz-programs test unit asan tsan fuzz-brief simulation kernel-test e2e bench-test
unit-programs: $(UNIT_TESTS)
	@:
fuzz-programs: $(FUZZERS)
	@:
test:
	@tools/bootstrap run test bench
	@MAKE='$(MAKE)' tools/test
unit asan tsan fuzz-brief simulation kernel-test e2e bench-test:
	@MAKE='$(MAKE)' tools/test $@

# The simulator: intake, backfill and the store's books, with time, network and disk simulated.
SIMULATOR := $(BUILD)/tests/simulation/simulate
$(SIMULATOR): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/simulation/*.c)) \
              $(foreach f,broker publisher storage,$(call archive,$f)) $(COMMON)
	$(call say,LD,$@)
	$(call link,$(LIBS_TRANSPORT) $(LIBS_STORAGE) $(LIBS_BPF) $(LIBS_SCHEMA))

SEEDS ?= 100000
SEED ?= 1
.PHONY: simulator simulate
simulator: $(SIMULATOR)
	@:
simulate: simulator
	@$(SIMULATOR) $(SEED) $(SEEDS)

# What tests/kernel and the benchmark start.
KERNEL_TOOLS := $(patsubst tests/kernel/%.c,$(BUILD)/tests/kernel/%,$(filter-out %.bpf.c,\
                $(wildcard tests/kernel/*.c)))

$(KERNEL_TOOLS): %: %.o $(call archive,publisher) $(call archive,schema)
	$(call say,LD,$@)
	$(call link,$(LIBS_BPF) $(LIBS_TRANSPORT) $(LIBS_SCHEMA))

$(BUILD)/tests/kernel/%.bpf.o: tests/kernel/%.bpf.c $(NEEDS)
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

.PHONY: kernel-programs bench-probe
kernel-programs: $(KERNEL_TOOLS) $(BUILD)/tests/kernel/empty.bpf.o
	@:
bench-probe: kernel-programs
	@tools/bench-probe --json $(BUILD)/bench-probe.json

# What tests/chaos preloads into programs, loads into the network, and writes spools with.
KILLS   ?=
SEED    ?=
MINUTES ?=
CHAOS := $(BUILD)/tests/chaos
CHAOS_PRELOADED := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/chaos/*_at.c))

$(CHAOS_PRELOADED): $(BUILD)/%.so: %.c
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -fPIC -shared -o $@ $<

$(CHAOS)/%.bpf.o: tests/chaos/%.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(CHAOS)/write_spool: $(CHAOS)/write_spool.o $(call archive,publisher) $(STORE) $(COMMON)
	$(call say,LD,$@)
	$(call link,$(LIBS_BPF) $(LIBS_STORAGE) $(LIBS_TRANSPORT) $(LIBS_SCHEMA))

.PHONY: chaos-programs chaos
chaos-programs: all $(CHAOS_PRELOADED) $(CHAOS)/drop.bpf.o $(CHAOS)/write_spool
	@:
chaos: chaos-programs
	@CHAOS_KILLS='$(KILLS)' CHAOS_SEED='$(SEED)' CHAOS_MINUTES='$(MINUTES)' \
	    /usr/bin/python3 -m pytest -q -p no:cacheprovider --durations=5 tests/chaos

# --- benchmarks: tools/bench-NAME starts what is built here -------------------------------------
BENCH := $(BUILD)/tests/bench
BENCH_PROGRAMS := write_store feed_prometheus busy_nodes receive ingest_load ingest_bare chunk_cost \
                  decode_cost append_cost
LIBS_BENCH = $(call libs_of,libcurl libprotobuf-c snappy)

$(BENCH)/%.pb-c.c $(BENCH)/%.pb-c.h: tests/bench/%.proto
	$(call say,PROTOC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)protoc-c --proto_path=tests/bench --c_out=$(BENCH) $<

$(BENCH)/series.o: | $(BENCH)/remote_write.pb-c.h
$(BENCH)/feed_prometheus: $(BENCH)/series.o $(BENCH)/remote_write.pb-c.o
$(BENCH)/ingest_load: $(BENCH)/zmtp.o
$(BENCH)/ingest_load $(BENCH)/decode_cost $(BENCH)/append_cost: $(BENCH)/busy.o
$(BENCH)/write_store $(BENCH)/busy_nodes $(BENCH)/ingest_load $(BENCH)/chunk_cost $(BENCH)/decode_cost $(BENCH)/append_cost: $(BENCH)/workload.o $(BENCH)/chance.o
$(BENCH)/write_store $(BENCH)/feed_prometheus $(BENCH)/busy_nodes $(BENCH)/append_cost: $(BENCH)/progress.o
$(BENCH_PROGRAMS:%=$(BENCH)/%): %: %.o $(STORE) $(COMMON)
	$(call say,LD,$@)
	$(call link,$(LIBS_BENCH) $(LIBS_STORAGE) $(LIBS_TRANSPORT) $(LIBS_SCHEMA))

.PHONY: bench-programs bench bench-ingest bench-select bench-tail
bench-programs: all $(BENCH_PROGRAMS:%=$(BENCH)/%)
	@:
bench bench-ingest bench-select bench-tail:
	@tools/bootstrap run test bench
	@$(MAKE) --no-print-directory bench-programs kernel-programs
	@tools/$@ --json $(BUILD)/$@.json $(ARGS)

# --- order and style --------------------------------------------------------------------------
C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')

.PHONY: check-layers lint format
check-layers: all
	@tools/check-layers

# Generated headers first: the analysers read what the compiler reads.
lint: $(BPF_SKELETONS) $(patsubst %.y,$(BUILD)/%.h,$(wildcard query/*.y)) $(BENCH)/remote_write.pb-c.h
	@clang-format --dry-run -Werror $(C_FILES); formatted=$$?; \
	tools/lint $(filter %.c,$(C_FILES)) -- $(CFLAGS_ALL) && exit $$formatted

format:
	@clang-format -i $(C_FILES)

# --- installing: what has a manual page is installed, as kpulse-NAME ---------------------------
PAGES := $(patsubst docs/man/%.scd,$(BUILD)/man/%,$(wildcard docs/man/*.scd))
INSTALLED := $(patsubst kpulse-%.1,%,$(notdir $(PAGES)))
BIN := $(DESTDIR)$(PREFIX)/bin
MAN := $(DESTDIR)$(PREFIX)/share/man/man1
DOC := $(DESTDIR)$(PREFIX)/share/doc/kpulse
COMPLETIONS := $(DESTDIR)$(PREFIX)/share/bash-completion/completions

.PHONY: man install uninstall
man: $(PAGES)
	@:

$(BUILD)/man/%: docs/man/%.scd Makefile | $(NEEDS)
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/@VERSION@/$(VERSION)/' $< | scdoc > $@

# bash-completion looks for a file of the program's name.
install: all
	install -d $(BIN) $(MAN) $(DOC)/examples $(COMPLETIONS)
	for p in $(INSTALLED); do install -m 755 bin/$$p $(BIN)/kpulse-$$p || exit; done
	install -m 644 $(PAGES) $(MAN)
	install -m 644 README.md query/GRAMMAR.md schema/PROTOCOL.md $(DOC)
	install -m 644 docs/examples/* $(DOC)/examples
	install -m 644 docs/completion/kpulse.bash $(COMPLETIONS)/kpulse
	for p in $(INSTALLED); do ln -sf kpulse $(COMPLETIONS)/kpulse-$$p || exit; done

uninstall:
	rm -f $(INSTALLED:%=$(BIN)/kpulse-%) $(addprefix $(MAN)/,$(notdir $(PAGES)))
	rm -f $(COMPLETIONS)/kpulse $(INSTALLED:%=$(COMPLETIONS)/kpulse-%)
	rm -rf $(DOC)

.PHONY: clean help
clean:
	rm -rf $(BUILD) bin client tail

define HELP
Build      make                    bin/*, the links ./client and ./tail, and manual pages
           make deps               install the Debian packages that building and testing need
           make install            programs, manual pages, completion: PREFIX=/usr/local DESTDIR=
           make uninstall          what make install put there
Run        make run                coordinator, workers n1 n2 n3, then the select prompt
           make run SOURCE=synthetic   the same with invented data, where BPF is not possible
                                   (VAR=FOLDER: stores and logs, var/ otherwise)
           make runWorkerN         worker nN, N from 1 to 99   (ARGS='-p 3327', SOURCE=)
           make runCoordinator     make runClient (WORKERS=3)  make runSubscriber (ARGS=)
Test       make test               everything; the last line counts
           make unit asan tsan fuzz-brief simulation kernel-test e2e bench-test    one suite
           make simulate           faults by seed: SEED=1 SEEDS=100000
           make check-layers       the folders' arrows, on includes and linked libraries
           make chaos              real processes under faults   (KILLS=54 SEED= MINUTES=2)
           make bench              all benchmarks, one table, build/bench.json   (ARGS=--quick)
           make bench-probe        what measuring costs, against other tools
           make bench-select       how long a select takes, and the disk, against Prometheus
           make bench-tail         from the second's edge to the line on the screen
           make bench-ingest       how fast the broker takes frames in   (ARGS='--nodes 100')
Style      make lint               clang-format, clang-tidy, cppcheck, shellcheck
           make format             clang-format -i
endef
export HELP
help:
	@echo "$$HELP"

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
