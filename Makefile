# rezone: `make` builds build/rezone, `make check` runs the tests; scripts/check installs what is
# needed first. Everything that is built lands in build/.
#
#   make                the product            make unit         unit tests (cmocka)
#   make check          all tests              make unit-asan    ... under ASan and UBSan
#   make check-quick    Debian's packages alone make bpf-test    BPF programs by BPF_PROG_TEST_RUN
#   make e2e            end to end             make format-check formatting
#   make soak           one hour of ticks      make install PREFIX=/usr/local
#   make CC=clang       another compiler

MAKEFLAGS += --no-print-directory
ARCH     ?= $(shell uname -m | sed 's/aarch64/arm64/')
CC       ?= cc
CLANG    ?= clang
BPFTOOL  ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PREFIX   ?= /usr/local
BUILD    ?= build
PKGS     := libbpf jansson yaml-0.1 smartcols libmnl
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

WARN     := -Wall -Wextra -Werror -Wno-missing-field-initializers
CFLAGS   ?= -O2 -g
RZ_CFLAGS = -std=gnu11 $(WARN) -D_GNU_SOURCE -DRZ_VERSION='"$(VERSION)"' -Iinclude -Iuser -I$(BUILD) \
	    $(shell pkg-config --cflags $(PKGS))
RZ_LIBS   = $(shell pkg-config --libs $(PKGS)) -lelf -lz -lm

# The BPF objects need the user API headers (linux/, asm/) of any architecture with the same types.
TRIPLET  := $(shell $(CLANG) -print-target-triple 2>/dev/null | sed 's/-pc//')
BPF_INC  := $(firstword $(wildcard /usr/include/$(shell $(CC) -dumpmachine) /usr/include/$(TRIPLET)))
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter \
	    -Iinclude -Ivmlinux -Ibpf $(addprefix -I,$(BPF_INC))

BPF_HDRS := $(wildcard bpf/*.bpf.h include/rezone/*.h vmlinux/*.h)
SRCS     := $(filter-out user/main.c,$(wildcard user/*/*.c))
OBJS     := $(SRCS:user/%.c=$(BUILD)/user/%.o)
SKELS    := $(BUILD)/rezone.skel.h $(BUILD)/probe.skel.h
UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.SECONDARY:
.PHONY: all
all: $(BUILD)/rezone

$(BUILD)/%.bpf.o: bpf/%.bpf.c $(BPF_HDRS)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

$(BUILD)/user/%.o: user/%.c $(SKELS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/librezone.a: $(OBJS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/rezone: $(BUILD)/user/main.o $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(RZ_LIBS)

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/librezone.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -Itests/lib -MMD -MP -o $@ $< $(BUILD)/librezone.a -lcmocka $(RZ_LIBS)

.PHONY: unit
unit: $(UNIT)
	tests/lib/run-unit $(UNIT)

# The BPF programs in the kernel, fed through BPF_PROG_TEST_RUN. Needs root.
$(BUILD)/bpf/%.bpf.o: tests/bpf/%.bpf.c $(BPF_HDRS)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -Wno-unused-function -c $< -o $@
$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@
$(BUILD)/bpf/test_frame: tests/bpf/test_frame.c tests/bpf/packet.h $(BUILD)/bpf/frame_test.skel.h
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -I$(BUILD)/bpf -o $@ $< -lcmocka $(RZ_LIBS)

.PHONY: bpf-test
bpf-test: $(BUILD)/bpf/test_frame
	tests/lib/run-unit "$(BUILD)/bpf/test_frame ipv4" "$(BUILD)/bpf/test_frame ipv6"

# The same tests, built aside with the sanitizers.
.PHONY: unit-asan
unit-asan:
	$(MAKE) --no-print-directory BUILD=$(BUILD)/asan \
		CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' \
		unit

.PHONY: format format-check
C_FILES = $(shell git ls-files '*.c' '*.h')
format:
	clang-format -i $(C_FILES)
format-check:
	clang-format --dry-run -Werror $(C_FILES)

.PHONY: shellcheck
shellcheck:
	shellcheck -x $(shell git ls-files scripts tests .ci | xargs grep -lE '^#!/usr/bin/env bash|shell=bash')

# Docs that are made from the code must say what the code says.
.PHONY: docs docs-check
docs: $(BUILD)/rezone
	$(BUILD)/rezone run --help-markdown > docs/configuration.md
docs-check: $(BUILD)/rezone
	$(BUILD)/rezone run --help-markdown | diff -u docs/configuration.md - \
		|| { echo "docs/configuration.md is old: run make docs"; exit 1; }

.PHONY: standin e2e soak
standin:
	scripts/build-standin $(BUILD)/standin
# QUICK=1 leaves out what needs more than Debian's packages; E2E="10-main 20-keep" runs some only.
e2e: $(BUILD)/rezone standin
	tests/e2e/run $(if $(QUICK),-q) $(E2E)
# An hour of ticks at a short interval; the daemon must not grow. SOAK_SECONDS=120 for a short look.
soak: $(BUILD)/rezone standin
	tests/e2e/soak.sh

.PHONY: check check-quick
check:
	scripts/check
check-quick:
	scripts/check --quick

.PHONY: install
install: $(BUILD)/rezone
	install -D -m 0755 $(BUILD)/rezone $(DESTDIR)$(PREFIX)/sbin/rezone

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/user/*.d $(BUILD)/user/*/*.d $(BUILD)/unit/*.d)
