# wirelume: one file builds everything. `make help` says what can be typed.
# Sources are found by wildcard; a flavour is a folder under build/; nothing is generated elsewhere.
#   make [F=dev|release|tsan|cov|fuzz] [P=name] [V=1] [WERROR=0] target

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
SHELL  := /bin/bash
CC     := gcc
AR     := ar
CLANG  := clang-14
FORMAT := clang-format-14
WERROR ?= 1
F ?= dev
P ?=
T ?= 10
PREFIX ?= /usr/local
Q := $(if $(V),,@)
say = @$(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),:,printf '  %-6s %s\n' $(1) $(2))

# ---------------------------------------------------------------- libraries
PACKAGES := icu-i18n icu-uc libpcap yaml-0.1 libcrypto zlib libzstd libbrotlidec libpsl libpcre2-8 libmaxminddb libisal libseccomp \
            libssl sqlite3 libevent_core libevent_extra libevent_openssl libevent_pthreads
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
LIBS := $(PKG_LIBS) -lpthread -lm

# ---------------------------------------------------------------- flags
WARN := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
        -Wmissing-prototypes -Wvla -Wwrite-strings -Wundef -Wpointer-arith -Wformat=2
BANS := $(if $(wildcard src/base/bans.h),-include src/base/bans.h)
# _GNU_SOURCE must come from here: a #define in a file would come after the forced include.
ALONE := -std=gnu17 -D_GNU_SOURCE -fno-common -Isrc $(WARN) $(PKG_CFLAGS)
BASE := $(ALONE) $(BANS)
FLAGS_dev     := -Og -g3 -fno-omit-frame-pointer -fsanitize=address,undefined \
                 -fno-sanitize-recover=undefined
FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
                 -fcf-protection -fPIE
FLAGS_tsan    := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
FLAGS_cov     := -O0 -g --coverage -DCOVERAGE
FLAGS_fuzz    := -O1 -g -fno-omit-frame-pointer -DFUZZING \
                 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
# Calls test/slope in every basic block: work is counted, not timed.
FLAGS_count   := -O1 -g -fsanitize-coverage=trace-pc
LINK_release  := -pie -Wl,-z,relro,-z,now
CC_fuzz       := $(CLANG)
FLAVOURS := dev release tsan cov fuzz count

# ---------------------------------------------------------------- sources
SRC   := $(sort $(wildcard src/*/*.c src/*/*/*.c))
MAIN  := $(wildcard src/app/main.c)
HDR   := $(sort $(wildcard src/*/*.h src/*/*/*.h))
# The dashboard as ui/ built it (npm run build), put into the program; without it a page says how.
UI      := $(if $(wildcard src/web/assets.h),build/ui/assets.c)
UI_DIST := $(sort $(shell find ui/dist -type f 2>/dev/null))
TLIB  := $(sort $(wildcard test/lib/*.c))
UNIT  := $(sort $(wildcard test/unit/*/test_*.c))
SUITE := $(sort $(wildcard test/golden/*.c test/torture/*.c test/bench/*.c test/e2e/*.c \
                           test/slope/*.c test/conform/*.c test/truth/*.c \
                           test/vectors/*.c test/pack/*.c))
FUZZ  := $(sort $(filter-out test/fuzz/proto.c,$(wildcard test/fuzz/*.c)))
PROTO_ROWS := $(if $(wildcard test/fuzz/proto.c),\
                $(shell sed -n 's/^[ \t]*PROTO(\([a-z0-9_]*\)).*/\1/p' src/proto/protocols.def 2>/dev/null))
FUZZERS := $(FUZZ:test/fuzz/%.c=build/fuzz/%) $(PROTO_ROWS:%=build/fuzz/proto-%)
# The unit tests that P= selects: a room (base) or a file (cursor).
UNITS = $(if $(P),$(filter test/unit/$(P)/% %/test_$(P).c,$(UNIT)),$(UNIT))

# A test may ask for linker flags: a line `/* link: -Wl,--wrap=malloc */`.
wants = $(shell sed -n 's|^/\* link: \(.*\) \*/$$|\1|p' $(1))

# ---------------------------------------------------------------- a flavour
# build/X/flags changes when the compiler, the flags or the list of files do: all is built again then.
define FLAVOUR
CC_$(1) ?= $$(CC)
LIB_$(1) := build/$(1)/libwirelume.a
TLIB_$(1) := $(if $(TLIB),build/$(1)/libtest.a)
.PHONY: $(1)
$(1): $$(LIB_$(1)) $(if $(MAIN),build/$(1)/wirelume)
build/$(1)/flags: FORCE
	@mkdir -p $$(@D); echo '$$(CC_$(1)) $$(BASE) $$(FLAGS_$(1))' >$$@.$$$$$$$$; \
	if cmp -s $$@.$$$$$$$$ $$@; then rm $$@.$$$$$$$$; else \
	  pkg-config --print-errors --exists $$(PACKAGES) || \
	    { echo 'make: development packages are missing: tools/packages.sh install build'; exit 1; }; \
	  mv $$@.$$$$$$$$ $$@; fi
build/$(1)/objects: FORCE
	@mkdir -p $$(@D); echo '$$(SRC) $$(TLIB)' >$$@.$$$$$$$$; \
	if cmp -s $$@.$$$$$$$$ $$@; then rm $$@.$$$$$$$$; else mv $$@.$$$$$$$$ $$@; fi
build/$(1)/%.o: %.c build/$(1)/flags
	$$(call say,cc,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(BASE) $$(FLAGS_$(1)) $$(ERROR_$(1)) $$(if $$(filter test/%,$$<),-Itest) \
	  -MMD -MP -c -o $$@ $$<
$$(LIB_$(1)): $$(patsubst %.c,build/$(1)/%.o,$$(filter-out $$(MAIN),$$(SRC)) $$(UI)) build/$(1)/objects
	$$(call say,ar,$$@)
	$$(Q)rm -f $$@; $$(AR) rcsT $$@ $$(filter %.o,$$^)
build/$(1)/libtest.a: $$(patsubst %.c,build/$(1)/%.o,$$(TLIB)) build/$(1)/objects
	$$(Q)rm -f $$@; $$(AR) rcsT $$@ $$(filter %.o,$$^)
build/$(1)/wirelume: build/$(1)/src/app/main.o $$(LIB_$(1))
	$$(call say,link,$$@)
	$$(Q)$$(CC_$(1)) $$(FLAGS_$(1)) $$(LINK_$(1)) -o $$@.$$$$$$$$ $$^ $$(LIBS) && mv $$@.$$$$$$$$ $$@
$$(patsubst %.c,build/$(1)/%,$$(UNIT) $$(SUITE)): %: %.o $$(TLIB_$(1)) $$(LIB_$(1))
	$$(call say,link,$$@)
	$$(Q)$$(CC_$(1)) $$(FLAGS_$(1)) $$(LINK_$(1)) -o $$@ $$^ $$(call wants,$$(@:build/$(1)/%=%.c)) -lcmocka $$(LIBS)
-include $$(patsubst %.c,build/$(1)/%.d,$$(SRC) $$(UI) $$(TLIB) $$(UNIT) $$(SUITE))
endef

.DEFAULT_GOAL := dev
ERROR := $(if $(filter 1,$(WERROR)),-Werror)
ERROR_dev := $(ERROR)
ERROR_release := $(ERROR)
ERROR_tsan := $(ERROR)
ERROR_cov := $(ERROR)
ERROR_count := $(ERROR)
$(foreach f,$(FLAVOURS),$(eval $(call FLAVOUR,$(f))))
.PHONY: FORCE
FORCE:

build/ui/files: FORCE
	@mkdir -p $(@D); echo '$(UI_DIST)' >$@.$$$$; if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi
build/ui/assets.c: tools/embed-ui build/ui/files $(UI_DIST)
	@tools/embed-ui ui/dist $(@D)

# ---------------------------------------------------------------- fuzz programs
# test/fuzz/proto.c is built once for each row PROTO(name) of src/proto/protocols.def.
fuzzers: $(FUZZERS)
$(FUZZ:test/fuzz/%.c=build/fuzz/%): build/fuzz/%: build/fuzz/test/fuzz/%.o
$(PROTO_ROWS:%=build/fuzz/proto-%): build/fuzz/proto-%: build/fuzz/test/fuzz/proto-%.o
build/fuzz/test/fuzz/proto-%.o: test/fuzz/proto.c build/fuzz/flags
	$(call say,cc,$@)
	@mkdir -p $(@D)
	$(Q)$(CC_fuzz) $(BASE) $(FLAGS_fuzz) -Itest -DFUZZ_PROTO=$* -MMD -MP -c -o $@ $<
$(FUZZERS): $(TLIB_fuzz) $(LIB_fuzz)
	$(call say,link,$@)
	$(Q)$(CC_fuzz) $(FLAGS_fuzz) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)
-include $(FUZZ:%.c=build/fuzz/%.d) $(PROTO_ROWS:%=build/fuzz/test/fuzz/proto-%.d)

# ---------------------------------------------------------------- refused calls
# Unit tests with a wrapper around each call that a machine can refuse (test/lib/refuse.def):
# quick ones; REFUSED=all takes every one. And the program itself, for commands.
REFUSED ?= $(if $(P),,$(wildcard $(addprefix test/unit/,base/test_hash.c os/test_*.c host/test_httpget.c out/test_file.c \
             out/test_writer.c in/test_dump.c in/test_deadletter.c in/test_capfile.c in/test_spread.c pipe/test_spool.c)))
REFUSE := $(wildcard test/lib/refuse.def)
export REFUSING := $(if $(REFUSE),\
  $(patsubst test/unit/%.c,build/dev/refuse/%,$(if $(filter all,$(REFUSED)),$(UNIT),$(REFUSED))) \
  $(if $(P),,build/dev/refuse/wirelume))
WRAPS := $(if $(REFUSE),$(shell awk -F'[(,)]' '/^[A-Z]/ { print "-Wl,--wrap=" $$2 }' $(REFUSE)))
build/dev/refuse/wirelume: build/dev/src/app/main.o build/dev/test/lib/refuse.o $(LIB_dev) test/lib/refuse.def
	$(call say,link,$@)
	@mkdir -p $(@D)
	$(Q)$(CC_dev) $(FLAGS_dev) -o $@ $(filter %.o %.a,$^) $(WRAPS) $(LIBS)
build/dev/refuse/%: build/dev/test/unit/%.o build/dev/test/lib/refuse.o $(TLIB_dev) $(LIB_dev) test/lib/refuse.def
	$(call say,link,$@)
	@mkdir -p $(@D)
	$(Q)$(CC_dev) $(FLAGS_dev) -o $@ $(filter %.o %.a,$^) $(call wants,test/unit/$*.c) $(WRAPS) -lcmocka $(LIBS)

# ---------------------------------------------------------------- suites
# A suite ends with the line `N passed, N failed`, or with `, N skipped` behind it.
# test/NAME/run belongs to its suite; it gets F, P and T in the environment.
export F P T V WERROR CC AR
suite = @if [ -x test/$(1)/run ]; then test/$(1)/run; else \
	echo '$(1): not there yet (no test/$(1)/run)'; echo '0 passed, 0 failed, 1 skipped'; fi
programs = $(patsubst %.c,build/$(1)/%,$(filter test/$(2)/%,$(SUITE)))

CHECKS := format bans layers size headers house unit golden cli docs-fresh man
.PHONY: check format bans layers size headers house unit unit-tsan golden torture e2e fresh conform truth vectors pack query bench \
        bench-instructions slope tshark nightly fuzz fuzzers bless docs docs-fresh man install deb deb-check deb-test container-test tour new help compile_commands.json clean
check:
	@tools/suites $(CHECKS)
format:
	@$(FORMAT) --dry-run -Werror $(HDR) $(SRC) $$(find test -name '*.[ch]') && echo '1 passed, 0 failed'
bans layers size:
	@tools/check-$@
headers:
	@CFLAGS="$(ALONE) $(ERROR)" tools/check-headers
house:
	$(call suite,house)
unit: $(patsubst %.c,build/$(F)/%,$(UNITS))
	@tools/run-unit $^
# Threads meet in rings; the same tests again under the thread sanitizer.
unit-tsan:
	@$(MAKE) --no-print-directory unit F=tsan
golden: $(F) $(call programs,$(F),golden)
	$(call suite,golden)
cli: $(F)
	$(call suite,cli)
torture: dev $(call programs,dev,torture) $(REFUSING)
	$(call suite,torture)
e2e: release $(call programs,release,e2e)
	$(call suite,e2e)
# A new user's first minutes, from a clone: with limits of time, so not in test.sh.
fresh:
	$(call suite,fresh)
conform: release $(call programs,release,conform)
	$(call suite,conform)
truth: release $(call programs,release,truth)
	$(call suite,truth)
bench: release $(call programs,release,bench)
	$(call suite,bench)
bench-instructions: release $(call programs,release,bench)
	@test/bench/instructions
vectors: dev $(call programs,dev,vectors)
	@F=dev test/vectors/run
# The packs of packs/ on events, judged by a checker that does not know the rules.
pack: release $(call programs,release,pack)
	@F=release test/pack/run
# The store's answers against a program that knows only the messages.
query: release $(call programs,release,bench)
	@F=release test/query/run
slope: $(call programs,count,slope)
	$(call suite,slope)
fuzz: fuzzers
	$(call suite,fuzz)
tshark: release
	$(call suite,tshark)
# What takes longer than test.sh may: each fuzz program for T=600, memory refused at every place.
nightly: dev release tsan cov fuzzers $(call programs,dev,torture) $(call programs,release,e2e)
	@SYNS=10000000 STREAMS=1000000 REQUESTS=100000 MEMORY=256 test/e2e/flood.sh
	@FRAMES=0 REFUSED=all $(MAKE) --no-print-directory torture
	@python3 test/e2e/soak.py
	@test/truth/workers.sh
	@KILLS=3000 test/e2e/serve-kill.sh
	@N=50000 SEEDS='11 13 15 17 19 21 23 25 27 29' $(MAKE) --no-print-directory query
	@KILLS=2000 SECONDS_OF_KILLS=inf test/e2e/serve-kill-store.sh
	@ROWS=all test/e2e/golden-wire.sh
	@ROWS=all test/e2e/golden-store.sh
	@$(MAKE) --no-print-directory fresh
	@$(MAKE) --no-print-directory fuzz T=$(if $(filter 10,$(T)),600,$(T))
bless: $(call programs,dev,golden)
docs-fresh: dev
	@tools/docs check
man: dev
	@tools/man check
bless docs: dev
	@if [ -x tools/$@ ]; then tools/$@ $(P); else echo '$@: not there yet (no tools/$@)'; exit 1; fi
# The dashboard: ui/dist, from TypeScript; and its tests in a browser.
.PHONY: ui ui-test
ui:
	@tools/build-ui
# Pictures of a real server for the documentation, in docs/pictures.
.PHONY: pictures
pictures: release ui
	@python3 test/e2e/pictures.py
ui-test:
	$(call suite,ui)
# ---------------------------------------------------------------- packages
install: release
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' tools/install
deb: release
	@tools/deb
deb-check: release
	@test/deb/run
deb-test: release
	@test/deb/run make
container-test: deb
	$(call suite,container)
tour:
	@tools/tour
new:
	@tools/new $(P)
compile_commands.json: build/compile_commands.json
build/compile_commands.json: build/dev/objects build/dev/flags
	@for f in $(SRC) $(UNIT); do printf '%s{"directory":"%s","file":"%s","command":"%s"}' "$$comma" \
	  "$(CURDIR)" "$$f" "$(CC) $(BASE) -Itest $(FLAGS_dev) -c $$f"; comma=$$',\n'; \
	done | sed '1s/^/[/; $$s/$$/]/' >$@; echo $@
clean:
	rm -rf build

help:
	@sed -n 's/^#: \?//p' Makefile
#: make            build with sanitizers: build/dev/wirelume (same as make dev)
#: make release    build/release/wirelume; also tsan, cov
#: make check      format, bans, layers, size, headers, house, unit, golden, cli, docs-fresh, man; each is a target too
#: make unit P=x   unit tests of the room or file x;  F=tsan runs another flavour
#: make cli        the command line of the whole program
#: make golden P=x cases of protocol x;  make bless P=x rewrites their answers and shows the change
#: make fuzz P=x T=60   one fuzz target for 60 s;  make fuzz smokes each for T=10
#: make fresh      a new user's story from a clone: build, traffic, kill, again; with limits of time
#: make torture e2e slope conform truth vectors pack query tshark bench;  make nightly fuzzes and tortures for hours
#: make bench-instructions   instructions a packet against the kept ones; BLESS=1 keeps the new
#: make ui         the dashboard: ui/dist (needs Node 18 or newer with npm);  make ui-test P=x tests it in a browser;  make pictures takes those of docs/
#: make docs       regenerate docs/reference from the tables;  make man checks the manual pages
#: make install PREFIX=/usr/local DESTDIR=;  make deb: build/deb/*.deb
#: make deb-check  the package and its units;  make deb-test its life in a Debian root;  make container-test the image, by buildah
#: make tour       reading order with line counts
#: make new P=foo  a new protocol: src/proto/foo.c, its row, its golden folder
#: make compile_commands.json   for clangd, in build/
#: V=1 shows commands, WERROR=0 lets warnings pass
