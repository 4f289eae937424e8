# rezone: `make` builds build/rezone; `make help` lists the targets. scripts/deps installs what is needed first.
# Everything that is built lands in build/ (BUILD=elsewhere). `## GROUP | TARGET: TEXT` is a line of `make help`.

MAKEFLAGS += --no-print-directory
HOSTARCH := $(shell uname -m | sed 's/aarch64/arm64/;s/x86_64/amd64/')
ARCH     ?= $(HOSTARCH)
CLANG    ?= clang
BPFTOOL  ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PREFIX   ?= /usr/local

# make ARCH=arm64: a cross build, against that architecture's packages unpacked into the test cache
ifneq ($(ARCH),$(HOSTARCH))
ifeq ($(filter $(ARCH),arm64),)
$(error ARCH=$(ARCH): can build for $(HOSTARCH) and arm64)
endif
CROSS    := aarch64-linux-gnu-
ifeq ($(shell command -v $(CROSS)gcc),)
$(error ARCH=$(ARCH): $(CROSS)gcc is missing; as root: scripts/deps vm)
endif
CC       := $(CROSS)gcc
AR       := $(CROSS)ar
BUILD    ?= build/$(ARCH)
SYSROOT  := $(shell scripts/debs root sysroot "$$(scripts/debs host-suite)" $(ARCH) libc6-dev libbpf-dev libelf-dev \
	    zlib1g-dev libjansson-dev libyaml-dev libsmartcols-dev libmnl-dev uthash-dev libcmocka-dev \
	    libcurl4-openssl-dev libseccomp-dev libmicrohttpd-dev 2>/dev/null)
ifeq ($(SYSROOT),)
$(error ARCH=$(ARCH): its packages cannot be had; scripts/debs says why)
endif
PKGCONF  := PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	    PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig:$(SYSROOT)/usr/share/pkgconfig pkg-config
SYSFLAGS := --sysroot=$(SYSROOT)
endif
PKGCONF  ?= pkg-config
CC       ?= cc
BUILD    ?= build
PKGS     := libbpf jansson yaml-0.1 smartcols libmnl
# WITH_KUBE=0: no Kubernetes and no cloud metadata, and so no rezone-source
WITH_KUBE ?= 1
# The release, and the commit: by COMMIT in an archive of `make dist` (git writes it there, see .gitattributes), else by git.
VERSION  := $(shell cat VERSION)
COMMIT   := $(shell c=$$(sed -nE 's/^([0-9a-f]{12})[0-9a-f]*$$/\1/p' COMMIT); \
	    echo $${c:-$$(git describe --always --abbrev=12 --dirty --exclude '*' 2>/dev/null || echo unknown)})

WARN     := -Wall -Wextra -Werror -Wno-missing-field-initializers
CFLAGS   ?= -O2 -g
# What a process of root must have; tests/lib/built checks it. _FORTIFY_SOURCE needs the optimizer, and hides from the
# sanitizers what they look for.
FORTIFY  := $(if $(findstring -fsanitize,$(CFLAGS)),,$(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARDEN   := -fPIE -fstack-protector-strong $(FORTIFY)
HARDEN_LD := -pie -Wl,-z,relro,-z,now
# asked once, and only if something is compiled
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell $(PKGCONF) --cflags $(PKGS) libmicrohttpd $(SOURCE_PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell $(PKGCONF) --libs $(PKGS)))$(PKG_LIBS)
SOURCE_PKGS := $(if $(filter 1,$(WITH_KUBE)),libcurl) libseccomp
SECCOMP_LIBS = $(eval SECCOMP_LIBS := $$(shell $(PKGCONF) --libs libseccomp))$(SECCOMP_LIBS)
SOURCE_LIBS = $(eval SOURCE_LIBS := $$(shell $(PKGCONF) --libs $(SOURCE_PKGS)))$(SOURCE_LIBS)
HTTP_LIBS  = $(eval HTTP_LIBS := $$(shell $(PKGCONF) --libs libmicrohttpd))$(HTTP_LIBS)
RZ_CFLAGS = -std=gnu11 $(WARN) $(HARDEN) -D_GNU_SOURCE -Iinclude -Iuser -I$(BUILD) $(SYSFLAGS) $(PKG_CFLAGS)
RZ_LIBS   = $(SYSFLAGS) $(PKG_LIBS) -lelf -lz -lm

# The BPF objects need the user API headers (linux/, asm/) of any architecture with the same types.
TRIPLET  := $(shell $(CLANG) -print-target-triple 2>/dev/null | sed 's/-pc//')
BPF_INC  := $(firstword $(wildcard /usr/include/$(shell $(CC) -dumpmachine) /usr/include/$(TRIPLET)))
# The objects name their sources, and are in the program: by no folder of this machine, so that two clones build the same bytes.
BPF_CFLAGS := -g -ffile-prefix-map=$(CURDIR)=. -O2 -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter \
	    -Iinclude -Ivmlinux -Ibpf $(addprefix -I,$(BPF_INC))
# Each compiler writes down which headers it read (-MMD, the end of this file), so no rule names headers.
BPF_COMPILE = $(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@

KUBE_PURE := $(addprefix user/source/,slice.c answer.c store.c build.c spec.c)
# what is in rezone-source alone beside the library: the HTTP client, its list of system calls
SOURCE_SRCS := $(addprefix user/source/,http.c api.c standing.c list.c watch.c proof.c target.c kube.c cloud.c credential.c confine.c tell.c ask.c) \
	    user/base/calls.c
# what is in rezone-enter alone beside the library: its list of system calls
ENTER_SRCS := user/enter/confine.c user/base/calls.c
SRCS     := $(filter-out $(SOURCE_SRCS) $(ENTER_SRCS),$(wildcard user/*/*.c))
OBJS     := $(SRCS:user/%.c=$(BUILD)/user/%.o)
SOURCE_OBJS := $(SOURCE_SRCS:user/%.c=$(BUILD)/user/%.o)
ENTER_OBJS := $(ENTER_SRCS:user/%.c=$(BUILD)/user/%.o)
PROGRAMS := $(addprefix $(BUILD)/,rezone rezone-serve rezone-enter $(if $(filter 1,$(WITH_KUBE)),rezone-source))
SKELS    := $(BUILD)/rezone.skel.h $(BUILD)/probe.skel.h
UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(filter-out $(if $(filter 1,$(WITH_KUBE)),,%/test_confine.c),$(wildcard tests/unit/test_*.c)))

BPF_TESTS := $(patsubst tests/bpf/%.c,$(BUILD)/bpf/%,$(wildcard tests/bpf/test_*.c))

# tests/fuzz: what is said twice, to be compared
FUZZ_REFERENCE := tests/fuzz/framer.c tests/fuzz/seeds.c $(wildcard tests/fuzz/*.h)

# Kept although only a step on the way. By name: a .SECONDARY without names would stand for every target, and make does
# not build a missing secondary file for the sake of an archive that looks newer.
.SECONDARY: $(addprefix $(BUILD)/,rezone.bpf.o probe.bpf.o bpf/frame_test.bpf.o bench/bench.bpf.o bench/without.bpf.o) $(UNIT:=.o)
.PHONY: all
## Build | all: the product, build/rezone; this is what `make` does
## Build | all CC=clang BUILD=build/clang: ... with another compiler, in another folder
## Build | all ARCH=arm64: ... for another machine
## Build | all WITH_KUBE=0: ... without Kubernetes and cloud metadata, and so without rezone-source and libcurl
all: $(BUILD)/rezone

$(BUILD)/%.bpf.o: bpf/%.bpf.c $(BUILD)/settings-bpf
	@mkdir -p $(@D)
	$(BPF_COMPILE)

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

# Written anew only if it says something else, so that what includes it is built again then. The + lets `make -n` do so too: else
# it would take the file for new, and say that everything must be built. $PPID: another make may do the same at the same time.
$(BUILD)/version.h: FORCE
	+@mkdir -p $(@D)
	+@printf '#define RZ_%s "%s"\n' RELEASE '$(VERSION)' COMMIT '$(COMMIT)' VERSION '$(VERSION)+$(COMMIT)' >$@.$$PPID
	+@cmp -s $@.$$PPID $@ && rm $@.$$PPID || mv $@.$$PPID $@
# likewise: what is built depends on how it was asked for
SETTINGS = $(CC) $(CFLAGS) $(LDFLAGS)
$(BUILD)/settings: FORCE
	+@mkdir -p $(@D)
	+@echo '$(SETTINGS)' | cmp -s - $@ || echo '$(SETTINGS)' >$@
# `make WITH_KUBE=0`, then `make`: no object reads it, but which programs there are depends on it
$(BUILD)/settings-kube: FORCE
	+@mkdir -p $(@D)
	+@echo 'WITH_KUBE=$(WITH_KUBE)' | cmp -s - $@ || echo 'WITH_KUBE=$(WITH_KUBE)' >$@
$(BUILD)/settings-bpf: FORCE
	+@mkdir -p $(@D)
	+@echo '$(CLANG) $(BPF_CFLAGS)' | cmp -s - $@ || echo '$(CLANG) $(BPF_CFLAGS)' >$@
.PHONY: FORCE

# The skeletons have the BPF objects in them. kern/ alone includes them (tests/lib/built), so only kern/ and what tests its inside
# wait for them; which of its files are built again when a BPF object has changed is in what the compiler wrote down.
$(patsubst user/%.c,$(BUILD)/user/%.o,$(wildcard user/kern/*.c)) $(BUILD)/unit/test_watch.o: | $(SKELS)

$(BUILD)/user/%.o: user/%.c $(BUILD)/settings | $(BUILD)/version.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -MMD -MP -c $< -o $@

# the skeletons first: the BPF object takes longest
$(BUILD)/librezone.a: $(SKELS) $(OBJS) $(BUILD)/settings
	@rm -f $@
	$(AR) rcs $@ $(OBJS)

# `rezone serve` is a program of its own: the HTTP server is in no process that is root.
$(BUILD)/rezone-serve: $(BUILD)/user/serve.o $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(RZ_LIBS) $(HTTP_LIBS)
# So is what talks to the API server and the cloud.
$(BUILD)/rezone-source: $(BUILD)/user/source.o $(SOURCE_OBJS) $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(SYSFLAGS) $(shell $(PKGCONF) --libs jansson) -lm $(SOURCE_LIBS)
# And what enters network namespaces: these capabilities are in no other process.
$(BUILD)/rezone-enter: $(BUILD)/user/enter.o $(ENTER_OBJS) $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(SYSFLAGS) $(shell $(PKGCONF) --libs libbpf libmnl jansson) -lelf -lz -lm $(SECCOMP_LIBS)
$(BUILD)/rezone: $(BUILD)/user/main.o $(BUILD)/librezone.a $(BUILD)/settings-kube | $(filter-out $(BUILD)/rezone,$(PROGRAMS))
	$(if $(filter 1,$(WITH_KUBE)),,@rm -f $(BUILD)/rezone-source)
	$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(RZ_LIBS)

$(BUILD)/unit/%.o: tests/unit/%.c $(BUILD)/settings
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -Itests/lib -MMD -MP -c $< -o $@
$(BUILD)/unit/%: $(BUILD)/unit/%.o $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/librezone.a -lcmocka $(RZ_LIBS) $(UNIT_LIBS)
$(BUILD)/unit/test_confine: $(addprefix $(BUILD)/user/,source/confine.o base/calls.o)
$(BUILD)/unit/test_confine: UNIT_LIBS = $(SOURCE_LIBS)
$(BUILD)/unit/test_enter_act: $(ENTER_OBJS)
$(BUILD)/unit/test_enter_act: UNIT_LIBS = $(SECCOMP_LIBS)

# What a segment costs, tests/bench. Needs root.
$(BUILD)/bench/%.bpf.o: tests/bench/%.bpf.c $(BUILD)/settings-bpf
	@mkdir -p $(@D)
	$(BPF_COMPILE)
$(BUILD)/bench/%.skel.h: $(BUILD)/bench/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@
$(BUILD)/bench/bench: $(filter-out %.bpf.c %/owner.c %/tick.c %/start.c %/latency.c,$(wildcard tests/bench/*.[ch])) $(BUILD)/bench/bench.skel.h $(BUILD)/bench/without.skel.h $(BUILD)/rezone.skel.h
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -I$(BUILD)/bench -o $@ $(filter %.c,$^) $(RZ_LIBS)

# BENCH="-r 501 foreign inside": more rounds, some cases only; -r 0: the kernel's count only; -v: all ways
.PHONY: bench bench-produce bench-owner bench-start bench-tick bench-resets bench-beside
## Figures | bench: what a segment costs (4 minutes, root)
## Figures | bench-owner: what it costs to find a connection's descriptor
## Figures | bench-tick: what a tick and `rezone list` cost at 100,000 and 1,000,000 connections
## Figures | bench-start: what a start costs until it is attached, and its programs the verifier
## Figures | bench-resets: 10,000 resets by hand, against `ss -K`
## Figures | bench-beside: Kafka with nothing, rezone, tcpdump, HAProxy in the path (scripts/deps bench)
## Figures | bench-produce: Kafka's throughput with and without rezone
bench: $(BUILD)/bench/bench
	tests/bench/run $(BENCH)
# What it costs to find the descriptor of a connection that is ended by a FIN.
$(BUILD)/bench/owner: tests/bench/owner.c $(BUILD)/librezone.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -o $@ $^ $(RZ_LIBS)
bench-owner: $(BUILD)/bench/owner
	$(BUILD)/bench/owner
# BENCH="-s none 100000": some states and numbers only
$(BUILD)/bench/tick: tests/bench/tick.c tests/bench/process.h $(BUILD)/librezone.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -o $@ $(filter %.c %.a,$^) $(RZ_LIBS)
bench-tick: $(BUILD)/bench/tick $(BUILD)/rezone
	tests/bench/alone tick $(BENCH)
# BENCH="-n 21": more rounds
$(BUILD)/bench/start: tests/bench/start.c tests/bench/process.h $(BUILD)/librezone.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -o $@ $(filter %.c %.a,$^) $(RZ_LIBS)
bench-start: $(BUILD)/bench/start $(BUILD)/rezone
	tests/bench/alone start $(BENCH)
bench-resets: $(BUILD)/rezone $(BUILD)/crowd
	tests/bench/resets
# Kafka's throughput, PAIRS=12 runs with and without. Needs Apache Kafka (scripts/counterparts kafka).
$(BUILD)/bench/latency: tests/bench/latency.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -pthread -o $@ $< -lrdkafka

bench-beside: $(BUILD)/rezone $(BUILD)/bench/latency
	tests/bench/beside

bench-produce: $(BUILD)/rezone
	tests/bench/produce

# A network process that says anything at all, tests/kube/25-hostile.py and tests/e2e/95-ask-hostile.sh.
$(BUILD)/hostile-source: tests/tools/hostile/source.c $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -o $@ $^ -lm $(shell $(PKGCONF) --libs jansson)

# Many clients at once, for the end-to-end tests 8*.
$(BUILD)/crowd: $(wildcard tests/tools/load/*.[ch])
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -std=gnu11 $(WARN) -D_GNU_SOURCE -Iuser $(SYSFLAGS) -o $@ $(filter %.c,$^)

# Connections that say what was executed and what was answered when they were moved, tests/tools/move.
$(BUILD)/last: $(wildcard tests/tools/move/last*.[ch])
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -std=gnu11 $(WARN) -D_GNU_SOURCE $(SYSFLAGS) -pthread -o $@ $(filter %.c,$^)

# Clients whose bytes come in on two CPUs, tests/tools/cpus.
$(BUILD)/cpus $(BUILD)/spread: $(BUILD)/%: tests/tools/cpus/%.c tests/tools/cpus/common.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -std=gnu11 $(WARN) -D_GNU_SOURCE $(SYSFLAGS) -pthread -o $@ $<

# Rows made stale between decision and reset: the product's own code beside a churn of connections.
$(BUILD)/stale: tests/tools/move/stale.c tests/tools/move/stale_pair.c tests/tools/move/stale.h $(BUILD)/librezone.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -pthread -o $@ $(filter %.c,$^) $(BUILD)/librezone.a $(RZ_LIBS)

# What a contributor runs before a commit: no root, and no packages beyond `scripts/deps build`.
.PHONY: test
## Test without root | test: unit, unit-asan, model, sim-quick and a short fuzz: under 3 minutes on two idle cores
test:
	scripts/test

# Fuzzing, tests/fuzz: ten million inputs, or FUZZ_PART of them; FUZZ_SECONDS for each target of the longer form.
FUZZ_SECONDS ?= 600
FUZZ_PART    ?= 1/20
FUZZERS    := $(addprefix $(BUILD)/fuzz/fuzz_,frame request tags proxy blocks topo kube report versions asking)
FUZZ_FLAGS := -std=gnu11 -g -O1 -DREZONE_NO_BACK_OFF -DREZONE_SHORT_ROWS $(WARN) -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	    -Iinclude -Iuser
# the product's framing stage for user space: what BPF programs have below them is in tests/fuzz/shim
FUZZ_SHIM  := -Wno-unused-function -Wno-unused-parameter -Dpreserve_access_index='annotate("core")' -Itests/fuzz/shim \
	    -Ivmlinux -Ibpf
$(BUILD)/fuzz/framing.o: tests/fuzz/framing.c
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_FLAGS) $(FUZZ_SHIM) -MMD -MP -c $< -o $@
$(BUILD)/fuzz/fuzz_frame: tests/fuzz/fuzz_frame.c $(FUZZ_REFERENCE) $(BUILD)/fuzz/framing.o
	$(CLANG) $(FUZZ_FLAGS) -o $@ $< tests/fuzz/framer.c $(BUILD)/fuzz/framing.o
# the product's pure parsers, compiled once for all targets
FUZZ_PRODUCT := $(patsubst user/%.c,$(BUILD)/fuzz/user/%.o,$(filter-out $(ENTER_SRCS),$(wildcard user/client/*.c user/topo/*.c user/base/*.c user/report/*.c)) $(KUBE_PURE) user/source/versions.c)
$(BUILD)/fuzz/user/%.o: user/%.c
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_FLAGS) -MMD -MP -c $< -o $@
$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h $(FUZZ_PRODUCT)
	$(CLANG) $(FUZZ_FLAGS) -o $@ $< $(FUZZ_PRODUCT) -lyaml -ljansson
$(BUILD)/fuzz/seeds_write: tests/fuzz/seeds_main.c $(FUZZ_REFERENCE)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -std=gnu11 $(WARN) -D_GNU_SOURCE -Iinclude -o $@ $< tests/fuzz/seeds.c
.PHONY: fuzz fuzz-long fuzz-part fuzzers
fuzzers: $(FUZZERS) $(BUILD)/fuzz/seeds_write
## Test without root | fuzz: ten million inputs for all readers of foreign bytes (fuzz-part: FUZZ_PART=1/20 of them)
## Long forms | fuzz-long: FUZZ_SECONDS=600 for each target
fuzz: fuzzers
	tests/fuzz/run $(BUILD)
fuzz-part: fuzzers
	tests/fuzz/run $(BUILD) $(FUZZ_PART)
fuzz-long: fuzzers
	tests/fuzz/run $(BUILD) $(FUZZ_SECONDS)

# Clients behind a rough network, for the second opinion: tests/tools/opinion.
$(BUILD)/wire: $(wildcard tests/tools/opinion/*.[ch])
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -std=gnu11 $(WARN) -D_GNU_SOURCE $(SYSFLAGS) -o $@ $(filter %.c,$^)

# The full second opinion: ten thousand connections, and real clients on real servers.
.PHONY: opinion
## Long forms | opinion: tshark's second opinion on ten thousand connections
opinion: $(BUILD)/rezone $(BUILD)/wire
	tests/tools/opinion/run

.PHONY: unit
## Test without root | unit: unit tests
unit: $(UNIT)
	tests/lib/run-unit $(UNIT)

# The policy against a second, naive statement of its rules: MODEL_SEED=7 MODEL_RUNS=1 for one world.
$(BUILD)/model: $(wildcard tests/model/*.[ch]) $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -o $@ $(filter %.c %.a,$^) $(RZ_LIBS)
# A million moves that wait, against a naive statement of the rule that nothing is closed while it owes a response.
$(BUILD)/model-wait: $(wildcard tests/model/wait/*.[ch]) $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -Itests/model/wait -o $@ $(filter %.c %.a,$^) $(RZ_LIBS)
# A cluster on one core: the policy's own code on every node.
$(BUILD)/sim: $(wildcard tests/sim/*.[ch]) $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -o $@ $(filter %.c %.a,$^) $(RZ_LIBS)
.PHONY: model wait-mutants sim sim-quick
## Test without root | model: the policy, and moves that wait, against naive statements of their rules, a million decisions each
## Long forms | wait-mutants: each condition of waiting and of the last check broken once; the model must find out (minutes)
## Test without root | sim-quick: a small cluster, every node with the policy's own code
## Long forms | sim: a cluster of 1,000 nodes, as in docs/evidence/simulation.md (minutes)
wait-mutants:
	tests/model/wait/mutants
model: $(BUILD)/model $(BUILD)/model-wait
	$(BUILD)/model-wait
	$(BUILD)/model
sim-quick: $(BUILD)/sim
	$(BUILD)/sim check
sim: $(BUILD)/sim
	tests/sim/run $(BUILD)

# The BPF programs in the kernel, fed through BPF_PROG_TEST_RUN. Needs root.
$(BUILD)/bpf/%.bpf.o: tests/bpf/%.bpf.c $(BUILD)/settings-bpf
	@mkdir -p $(@D)
	$(BPF_COMPILE) -Wno-unused-function
$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@
$(BUILD)/bpf/cost: tests/bpf/cost.c $(wildcard tests/bpf/*.h) $(BUILD)/bpf/frame_test.skel.h $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -I$(BUILD)/bpf -o $@ $< $(BUILD)/librezone.a -lcmocka $(RZ_LIBS)
$(BUILD)/bpf/test_%: tests/bpf/test_%.c $(wildcard tests/bpf/*.h) $(BUILD)/bpf/frame_test.skel.h $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -I$(BUILD)/bpf -o $@ $< $(BUILD)/librezone.a -lcmocka $(RZ_LIBS)
# what loads them, too
$(BUILD)/bpf/test_load: tests/bpf/test_load.c $(BUILD)/librezone.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -pthread -o $@ $^ -lcmocka $(RZ_LIBS)
# ... and against the reference framer, for every stream of the fuzz corpus.
$(BUILD)/bpf/test_corpus $(BUILD)/bpf/test_corpus_park: $(BUILD)/bpf/test_corpus%: tests/bpf/test_corpus%.c $(FUZZ_REFERENCE) \
		$(wildcard tests/bpf/*.h) $(BUILD)/bpf/frame_test.skel.h $(BUILD)/librezone.a
	$(CC) $(CFLAGS) $(RZ_CFLAGS) -I$(BUILD)/bpf -DCORPUS_FILE='"tests/fuzz/corpus/frame.hex"' \
		-DCORPUS_FOUND='"$(BUILD)/fuzz/found/frame"' -o $@ $(filter %.c %.a,$^) -lcmocka $(RZ_LIBS)

.PHONY: bpf-test bench-cost corpus-park
## Long forms | corpus-park: parked and read again at every byte of every stream of the fuzz corpus, in the kernel (root)
corpus-park: $(BUILD)/bpf/test_corpus_park
	CORPUS_EVERY=1 $(BUILD)/bpf/test_corpus_park ipv4
	CORPUS_EVERY=1 $(BUILD)/bpf/test_corpus_park ipv6
## Figures | bench-cost: the framing stage alone: also where the machine is busy
bench-cost: $(BUILD)/bpf/cost
	$(BUILD)/bpf/cost
## Test with root | bpf-test: the BPF programs in the kernel, fed by BPF_PROG_TEST_RUN
.PHONY: bpf-parts
bpf-parts: $(BPF_TESTS)
bpf-test: bpf-parts
	tests/lib/run-unit $(foreach t,$(filter-out %/test_load,$(BPF_TESTS)),"$(t) ipv4" "$(t) ipv6") $(BUILD)/bpf/test_load

# The same tests and the product, built aside by clang with the sanitizers: so it is also the build that shows that clang takes all.
.PHONY: unit-asan
## Test without root | unit-asan: ... and the product, by clang, under ASan and UBSan
unit-asan:
	$(MAKE) --no-print-directory CC=$(CLANG) BUILD=$(BUILD)/asan \
		CFLAGS='-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' \
		all unit

# Which lines of user space the tests run; E2E="10-main 55-operator" runs these as well (root), E2E=all every one of them.
.PHONY: coverage
## Test without root | coverage: which lines of user space the unit tests run; E2E="10-main" with these, as root
COVERAGE = $(MAKE) BUILD=$(CURDIR)/$(BUILD)/coverage CFLAGS='-O0 -g --coverage'
coverage:
	@find $(BUILD)/coverage -name '*.gcda' -delete 2>/dev/null; true
	$(COVERAGE) unit
	$(if $(E2E),$(COVERAGE) e2e E2E="$(filter-out all,$(E2E))")
	scripts/coverage $(CURDIR)/$(BUILD)/coverage

# The binary is built as a process of root should be, and what changes is built again, and nothing else.
.PHONY: build-test dist-test
## Test without root | build-test: hardening, and that a change builds again what it must and nothing else
## Test without root | dist-test: two archives are equal, and one of them builds without git
build-test: $(BUILD)/rezone
	tests/lib/built $(BUILD)
dist-test:
	tests/lib/dist

## Source | format: clang-format on every C file
## Source | format-check: ... changes nothing, only fails
## Source | shellcheck: the scripts that changed since they passed, or draw in what changed; CHANGED=all
## Source | circles: no two folders, modules of a folder, or headers that need each other
## Source | prefixes: a function of bpf/ or include/ has the name of its file
## Source | cppcheck: ... and the C; scripts/cppcheck gives the reason for each check that is off
## Source | codespell: the spelling of code and docs; .codespellrc gives the reason for each word that is let through
## Source | tidy: clang-tidy (.clang-tidy); TIDY=user/policy for a part
## Source | compile_commands.json: for editors and clangd
.PHONY: format format-check tidy
C_FILES = $(shell git ls-files '*.c' '*.h')
format:
	clang-format -i $(C_FILES)
format-check:
	@clang-format --dry-run -Werror $(C_FILES) || { echo "format-check: run make format" >&2; exit 1; }

# all of the tree by default
tidy: compile_commands.json
	scripts/tidy $(TIDY)
# Commands come from make itself, so they are what a build runs.
.PHONY: compile_commands.json
compile_commands.json: $(SKELS) $(BUILD)/bpf/frame_test.skel.h $(BUILD)/bench/bench.skel.h $(BUILD)/bench/without.skel.h \
		$(BUILD)/version.h
	@scripts/compile-commands $@ $(BUILD)/rezone $(UNIT) $(BPF_TESTS) $(FUZZERS) \
		$(addprefix $(BUILD)/,fuzz/seeds_write cpus crowd last spread stale wire model sim bpf/cost bench/bench bench/owner bench/tick)

.PHONY: shellcheck cppcheck codespell circles prefixes
# every module that is linked, so what is told of a symbol is all that is to be told
circles: $(OBJS) $(SOURCE_OBJS) $(ENTER_OBJS) $(BUILD)/user/main.o
	scripts/check-circles $^
prefixes:
	scripts/check-prefixes
cppcheck:
	scripts/cppcheck
codespell:
	git ls-files -z | xargs -0 codespell
shellcheck:
	git ls-files scripts tests .ci deploy | xargs grep -lE '^#!/usr/bin/env bash|^#!/bin/sh|shell=bash' | scripts/changed - shellcheck -x

# Docs that are made from the code must say what the code says, and name what is there: links, flags, files, reasons.
.PHONY: docs docs-check screens
## Source | docs: what is made from the code: docs/configuration.md, docs/metrics.md, deploy/grafana/, the chart's list of settings
## Source | docs-check: ... is up to date
## Figures | screens: each command's screen in the demo's scene, for docs/screens.md (two minutes, root)
screens: $(BUILD)/rezone standin
	scripts/screens
docs: $(BUILD)/rezone
	$(BUILD)/rezone run --help-markdown > docs/configuration.md
	$(BUILD)/rezone serve --help-markdown > docs/metrics.md
	$(BUILD)/rezone serve --help-json | scripts/dashboard > deploy/grafana/rezone.json
	scripts/chart-settings $(BUILD)/rezone > deploy/helm/rezone/files/settings.json
docs-check: $(BUILD)/rezone
	$(BUILD)/rezone run --help-markdown | diff -u docs/configuration.md - \
		|| { echo "docs/configuration.md is old: run make docs"; exit 1; }
	$(BUILD)/rezone serve --help-markdown | diff -u docs/metrics.md - \
		|| { echo "docs/metrics.md is old: run make docs"; exit 1; }
	! command -v jq >/dev/null || $(BUILD)/rezone serve --help-json | scripts/dashboard | cmp -s - deploy/grafana/rezone.json \
		|| { echo "deploy/grafana/rezone.json is old: run make docs"; exit 1; }
	! command -v jq >/dev/null || scripts/chart-settings $(BUILD)/rezone | cmp -s - deploy/helm/rezone/files/settings.json \
		|| { echo "deploy/helm/rezone/files/settings.json is old: run make docs"; exit 1; }
	REZONE=$(BUILD)/rezone scripts/check-docs && scripts/check-docs --mentions

# The rules and the dashboard of deploy/, by promtool and a Prometheus over recorded pages.
.PHONY: metrics-test metrics-record
## Test without root | metrics-test: alerts, recording rules and dashboard, by promtool and Prometheus (scripts/counterparts)
## Figures | metrics-record: records a minute of /metrics anew, for metrics-test (root)
metrics-test: $(BUILD)/rezone
	tests/metrics/run $(BUILD)
metrics-record: $(BUILD)/rezone standin
	tests/metrics/record

.PHONY: standin standin-test e2e soak vm vm-docs vm-parts
## Test without root | standin-test: the stand-in agent's own tests, and kcat with it
## Test with root | e2e: end to end, in network namespaces; E2E="10-main 20-keep" for some, QUICK=1 without real servers
## Test with root | vm: the same on Debian's kernels, in emulated machines; this one needs no root
## Long forms | soak: an hour of load, churn, moves and faults; fills docs/evidence/soak.md; SOAK_SECONDS=420 FAULT_EVERY=20 for a short one, 86400 for a day
standin:
	GOARCH=$(ARCH) scripts/build-standin $(BUILD)/standin
standin-test: standin
	scripts/build-standin --test $(BUILD)/standin
	tests/peers/agent/smoke $(BUILD)/standin/rezone-agent
# What a virtual machine runs; the kernels' rows are in tests/vm/run, of the BPF tests those of tests/vm/guest.
vm-parts: $(BUILD)/rezone $(addprefix $(BUILD)/bpf/test_,frame client_id midstream park fast scratch corpus) standin
vm:
	tests/vm/run
## Test with root | service-test: the package and its service in a machine with systemd, from install to purge; SUITES="bookworm trixie"
.PHONY: service-test
service-test: deb standin
	tests/vm/service $(SUITES)
# The table of the last run into the docs.
vm-docs:
	awk '/^<!-- rows/ { print; while ((getline line < "$(BUILD)/vm/table.md") > 0) print line; skip = 1; next } \
		/^<!-- end/ { skip = 0 } !skip' docs/evidence/kernels.md > $(BUILD)/vm/kernels.md && cp $(BUILD)/vm/kernels.md docs/evidence/kernels.md
# QUICK=1 leaves out what needs more than Debian's packages; E2E="10-main 20-keep" runs some only.
.PHONY: e2e-parts
e2e-parts: $(BUILD)/rezone $(addprefix $(BUILD)/,hostile-source crowd wire last stale cpus spread) standin
e2e: e2e-parts
	tests/e2e/run $(if $(QUICK),-q) $(E2E)
# The topology from Kubernetes: a real API server, and one that misbehaves. KUBE="20-faults" runs one only.
.PHONY: kube-test kube-bench
## Test with root | kube-test: a real API server and one that misbehaves; KUBE="20-faults" for one
## Figures | kube-bench: 10,000 endpoints, 1,000 changes a second
kube-test: $(BUILD)/rezone $(BUILD)/hostile-source standin
	tests/kube/run $(KUBE)
kube-bench: $(BUILD)/rezone
	tests/kube/run bench
soak: $(BUILD)/rezone standin
	tests/e2e/soak.sh

## Long forms | moves: clients come home, by every library; fills docs/proof/ and goes on where it was ended; MINUTES=60
## Long forms | moves-parked: the short form of moves, of connections that were parked before
## Long forms | moves-volume: every library through 1,000 moves to a home that nobody finds
## Long forms | stale: 100,000 sockets that change between decision and reset
## Long forms | kill-holds: 200 SIGKILLs in the midst of holds
## Long forms | faults: what docs/faults.md has: kills at any moment, upgrades, limits, file systems, API servers; KILLS=500
## Long forms | churn: five minutes of 3,000 connections a second
## Long forms | crowd: 100,000 connections at once, and 10,000 parked ones
## Long forms | hostile: three times 100,000 distinct client ids
## Figures | pace: how many connections of one kafka-go Reader may be moved at a time
## Figures | refresh: how long clients take that come home by themselves (six minutes)
## Figures | fingerprints: user/policy/prints.inc, how the requests of real libraries look
## Figures | fingerprints-record: tests/unit/held_out.inc, the same of versions that the table is not made from
## Figures | fingerprints-check: ... of other versions, and at another server: none is taken for another library
## Figures | short-pause: what closes in short pauses cost franz-go's producers
## Figures | let-go: what a hold costs that is let go
## Test without root | proof-test: the judge of `make moves`, on logs made by hand
## Long forms | clients-table: each set-up that fleets run, three times (an hour); fills docs/proof/fleet.csv; goes on where it was ended; ONLY="java*" MINUTES=60
## Test without root | fleet-test: its judge, on logs made by hand
.PHONY: faults fingerprints fingerprints-check fingerprints-record churn crowd hostile stale kill-holds let-go short-pause moves moves-parked moves-volume pace \
	proof-test refresh clients-table fleet-test
clients-table: $(BUILD)/rezone
	tests/fleet/fleet.py
fleet-test:
	tests/fleet/test_fleet.py
# LIBS="java kafka-go" TOPOLOGIES="2" ORDERS="last" MOVES=20 MINUTES=60: tests/proof/proof.py has them all
moves: $(BUILD)/rezone standin
	tests/proof/proof.py
moves-parked: $(BUILD)/rezone standin
	PROOF_PARKED=1 tests/e2e/run 59-proof
proof-test:
	tests/proof/test_judge.py
pace refresh short-pause: $(BUILD)/rezone standin
	tests/e2e/$@.sh
moves-volume: $(BUILD)/rezone standin
	tests/moves/run
fingerprints fingerprints-check fingerprints-record: $(BUILD)/rezone standin
	tests/prints/run $(patsubst fingerprints,make,$(@:fingerprints-%=%))
let-go: $(BUILD)/rezone $(BUILD)/last
	tests/e2e/let-go.sh
kill-holds: $(BUILD)/rezone standin
	KILLS=$(or $(KILLS),200) tests/e2e/run 49-kill-holds
stale: $(BUILD)/rezone $(BUILD)/stale
	STALE=$(or $(STALE),100000) tests/e2e/run 48-stale
# What a reset and a FIN do to each client library (docs/evidence/close-matrix.md); half an hour.
.PHONY: close-matrix
## Figures | close-matrix: what a reset and a FIN do to each client library (half an hour)
close-matrix: $(BUILD)/rezone
	tests/e2e/close-matrix.sh

faults: $(BUILD)/rezone standin
	tests/faults/run
hostile: $(BUILD)/rezone $(BUILD)/crowd standin
	HOSTILE_IDS=$(or $(HOSTILE_IDS),100000) tests/e2e/run 83-hostile
churn: $(BUILD)/rezone $(BUILD)/crowd
	CHURN_SECONDS=$(or $(CHURN_SECONDS),300) tests/e2e/run 80-churn
crowd: $(BUILD)/rezone $(BUILD)/crowd
	CROWD=$(or $(CROWD),100000) PARKED=$(or $(PARKED),10000) tests/e2e/run 81-crowd 85-parked

.PHONY: check check-quick nightly
## Everything | check: what CI runs
## Everything | check-quick: ... with Debian's packages alone
## Everything | nightly: all tests and figures, step by step; goes on where it was ended; NIGHTLY="soak bench" for some
nightly:
	scripts/nightly $(NIGHTLY)
check:
	scripts/check
check-quick:
	scripts/check --quick

# The manual pages and the completions of bash, zsh and fish, made from what the program says of itself; so it must run here:
# PAGES_FROM=build/rezone in a cross build.
PAGES_FROM ?= $(BUILD)/rezone
## Test without root | kubectl-test: deploy/kubectl-rezone with a stand-in for kubectl, in several shells; 1,000 pods
.PHONY: kubectl-test
kubectl-test:
	tests/lib/kubectl-rezone
.PHONY: pages pages-test
## Build | pages: build/pages/: manual pages; completions of bash, zsh and fish
## Test without root | pages-test: ... mandoc finds no fault in the pages, and the three shells complete
pages: $(PAGES_FROM)
	scripts/pages/make $(PAGES_FROM) $(BUILD)/pages
pages-test: $(BUILD)/rezone
	tests/lib/pages $(BUILD)

## Build | install PREFIX=/usr/local: ... program, pages, completions, unit and default settings, as root
## Build | uninstall PREFIX=/usr/local: ... takes those files away again, but for the settings in /etc/rezone
## Build | deb: build/deb/: a Debian package for this machine's release, after lintian
## Build | image: build/image/: an OCI image, its content, an SPDX list and checksums, the same bytes each time
## Build | sign KEY=rezone.key: ... signs the checksums of images, packages and archive with minisign
## Build | dist: build/dist/: a source archive of HEAD, the same bytes each time, and SHA256SUMS
## Build | clean: removes build/
.PHONY: install uninstall deb image sign dist
SHARE   = $(DESTDIR)$(PREFIX)/share
ZSH     = zsh/site-functions
UNITDIR = $(PREFIX)/lib/systemd/system
install: $(BUILD)/rezone pages
	install -D -m 0755 -t $(DESTDIR)$(PREFIX)/sbin $(PROGRAMS)
	install -D -m 0644 -t $(SHARE)/man/man8 $(BUILD)/pages/man/*.8
	install -D -m 0644 -t $(SHARE)/man/man5 $(BUILD)/pages/man/*.5
	install -D -m 0644 -t $(SHARE)/bash-completion/completions $(BUILD)/pages/completions/bash/rezone
	install -D -m 0644 -t $(SHARE)/$(ZSH) $(BUILD)/pages/completions/zsh/_rezone
	install -D -m 0644 -t $(SHARE)/fish/vendor_completions.d $(BUILD)/pages/completions/fish/rezone.fish
	test -e $(DESTDIR)/etc/rezone/rezone.yaml || install -D -m 0644 -t $(DESTDIR)/etc/rezone deploy/systemd/rezone.yaml
ifneq ($(UNITDIR),)
	install -d $(DESTDIR)$(UNITDIR)
	sed 's,/usr/sbin/rezone,$(PREFIX)/sbin/rezone,' deploy/systemd/rezone.service >$(DESTDIR)$(UNITDIR)/rezone.service
endif
uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/sbin/,rezone rezone-serve rezone-source rezone-enter) $(SHARE)/bash-completion/completions/rezone \
		$(SHARE)/$(ZSH)/_rezone $(SHARE)/fish/vendor_completions.d/rezone.fish $(DESTDIR)$(UNITDIR)/rezone.service \
		$(SHARE)/man/man8/rezone.8 $(SHARE)/man/man8/rezone-*.8 $(SHARE)/man/man5/rezone.yaml.5
## Long forms | image-test: the image built twice has the same bytes; what is in it, and what not
## Source | manifests: deploy/rezone.yaml from the chart deploy/helm/rezone
## Test with root | kube-image: the chart installed on a real API server, its Pod run from the image by runc; a client comes home; uninstalled
## Long forms | trial: all of this from an empty Debian machine on (SUITE=bookworm, in a folder): scripts/trial; a quarter of an hour
.PHONY: image-test kube-image manifests figures trial
trial:
	tests/debian/run --empty $(or $(SUITE),bookworm) scripts/trial
## Source | figures: sizes, start-up times, capabilities and scores into docs/evidence/packages.md, from what image, deb and kube-image left
figures:
	scripts/figures $(BUILD) > $(BUILD)/figures.md
	awk '/^<!-- rows/ { print; while ((getline line < "$(BUILD)/figures.md") > 0) print line; skip = 1; next } \
		/^<!-- end/ { skip = 0 } !skip' docs/evidence/packages.md > $(BUILD)/packages.md && cp $(BUILD)/packages.md docs/evidence/packages.md
manifests:
	scripts/manifests
image-test: $(BUILD)/rezone
	tests/lib/image $(BUILD)
kube-image: image standin
	tests/kube/run 50-image
image: $(BUILD)/rezone
	scripts/image $(BUILD)/image $(BUILD) $(ARCH)
sign:
	scripts/sign $(KEY) $(wildcard $(addprefix $(BUILD)/,$(addsuffix /SHA256SUMS,dist deb deb/* image arm64/image)))
deb:
	scripts/deb $(BUILD)/deb
dist:
	scripts/dist $(BUILD)/dist

.PHONY: clean
clean:
	rm -rf $(BUILD)

.PHONY: help
help:
	@awk -f scripts/help.awk Makefile

-include $(wildcard $(addprefix $(BUILD)/,*.d user/*.d user/*/*.d unit/*.d bpf/*.d bench/*.d fuzz/*.d fuzz/user/*/*.d))
