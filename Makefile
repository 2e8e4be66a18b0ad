# SPDX-License-Identifier: GPL-2.0-or-later
# kpulse, in the order its data flows: schema -> bpf -> storage -> query -> programs -> tests.
#   make            build bin/*              make run     the whole pipeline on this machine
#   make test       every test               make help    all targets
# BUILD=folder keeps another variant's objects apart; V=1 shows the commands.

BUILD   ?= build
CC      ?= cc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
VERSION := 0.1.0
SANITIZE ?=

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all clean help
all: programs

# --- libraries: each must be known to pkg-config ------------------------------------------
PACKAGES := libbpf libzmq libczmq msgpack rocksdb libxxhash readline smartcols jansson
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)

CFLAGS_ALL := -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -fno-omit-frame-pointer \
              -I. -I$(BUILD) $(PKG_CFLAGS) -DKPULSE_VERSION='"$(VERSION)"' $(SANITIZE) $(CFLAGS)
LDFLAGS_ALL := $(SANITIZE) $(LDFLAGS)

LIBS_SCHEMA     := $(shell pkg-config --libs msgpack libxxhash jansson 2>/dev/null) -lm
LIBS_TRANSPORT  := $(shell pkg-config --libs libczmq libzmq 2>/dev/null)
LIBS_STORAGE    := $(shell pkg-config --libs rocksdb 2>/dev/null)
LIBS_BPF        := $(shell pkg-config --libs libbpf 2>/dev/null)
LIBS_TERMINAL   := $(shell pkg-config --libs readline smartcols 2>/dev/null)

# --- one archive a folder: a program links only the objects it uses ------------------------
FOLDERS := schema transport program storage query publisher broker subscriber
mains    = $(wildcard $(1)/*_main.c)
archive  = $(BUILD)/lib$(1).a

define FOLDER_RULES
$(1)_C := $$(filter-out $$(call mains,$(1)),$$(wildcard $(1)/*.c))
$$(BUILD)/lib$(1).a: $$($(1)_C:%.c=$$(BUILD)/%.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call FOLDER_RULES,$f)))

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# --- bpf: object -> skeleton ----------------------------------------------------------------
BPF_SKELETONS := $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%.skel.h,$(wildcard bpf/*.bpf.c))

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -g -O2 -Wall -Wextra -Werror -target bpf -D__TARGET_ARCH_x86 -I. $(PKG_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(publisher_C:%.c=$(BUILD)/%.o): | $(BPF_SKELETONS)

# --- programs -------------------------------------------------------------------------------
MAINS := $(foreach f,publisher broker subscriber,$(call mains,$f))
PROGRAMS := $(patsubst %_main,bin/%,$(basename $(notdir $(MAINS))))

COMMON := $(foreach f,query transport program schema,$(call archive,$f))

.PHONY: programs
programs: $(PROGRAMS)

# $(1) program, $(2) its folder, $(3) further archives before the common ones, $(4) libraries
define PROGRAM_RULES
bin/$(1): $$(BUILD)/$(2)/$(1)_main.o $$(call archive,$(2)) $(3) $$(COMMON)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p bin
	$$(Q)$$(CC) $$(LDFLAGS_ALL) -Wl,--as-needed -o $$@ $$(filter %_main.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $(4)
endef
$(eval $(call PROGRAM_RULES,probe,publisher,,$$(LIBS_BPF) $$(LIBS_TRANSPORT) $$(LIBS_SCHEMA)))
$(eval $(call PROGRAM_RULES,publisher,publisher,$$(call archive,storage),$$(LIBS_BPF) $$(LIBS_TRANSPORT) $$(LIBS_STORAGE) $$(LIBS_SCHEMA) -lpthread))
$(eval $(call PROGRAM_RULES,broker,broker,$$(call archive,storage),$$(LIBS_TRANSPORT) $$(LIBS_STORAGE) $$(LIBS_SCHEMA) -lpthread))
$(eval $(call PROGRAM_RULES,subscriber,subscriber,,$$(LIBS_TRANSPORT) $$(LIBS_TERMINAL) $$(LIBS_SCHEMA)))
$(eval $(call PROGRAM_RULES,client,subscriber,,$$(LIBS_TRANSPORT) $$(LIBS_TERMINAL) $$(LIBS_SCHEMA)))

# --- unit tests: one cmocka program a file ----------------------------------------------------
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(foreach f,$(FOLDERS),$(call archive,$f))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -Wl,--as-needed -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
	    -lcmocka $(LIBS_BPF) $(LIBS_TRANSPORT) $(LIBS_STORAGE) $(LIBS_TERMINAL) $(LIBS_SCHEMA) -lpthread

.PHONY: unit
unit: $(UNIT_TESTS)
	$(Q)set -e; for t in $(UNIT_TESTS); do $$t; done

clean:
	rm -rf $(BUILD) bin

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
