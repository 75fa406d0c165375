# Builds, runs and tests Banter; `make help` lists the targets.
# SPDX-License-Identifier: MIT

BUILD  ?= build
PREFIX ?= /usr/local

PACKAGES := fcgi libpq hiredis openssl jansson libjwt-gnutls libsodium nettle
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror
RELEASE  := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
SANITIZE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
VARIANT  := $(if $(filter %asan,$(BUILD)),$(SANITIZE),$(RELEASE))

# The libraries come with scripts/setup, which `make run` and `make test` call. So pkg-config is
# asked when the first file is compiled.
CFLAGS  ?= -g
COMPILE  = $(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(VARIANT) $(CFLAGS) -pthread -I. $$(pkg-config --cflags $(PACKAGES)) -MMD -MP
LINK     = $(CC) $(VARIANT) $(CFLAGS) -pthread $(LDFLAGS) -Wl,--as-needed
LIBS     = $$(pkg-config --libs $(PACKAGES))

objects = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard $(1)/*.c $(1)/*/*.c)))
LIB  := $(call objects,lib)
API  := $(call objects,api)
PUSH := $(call objects,push)
NET  := $(filter $(BUILD)/push/net/% $(BUILD)/push/wire/%,$(PUSH))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
PROGRAMS := $(if $(API),$(BUILD)/banter-api) $(if $(PUSH),$(BUILD)/banter-push)

build: $(PROGRAMS)                  ## build the programs (the default): build/banter-api, build/banter-push
	@:

asan:                               ## build them with address and undefined behaviour sanitizers in build/asan
	@$(MAKE) --no-print-directory BUILD=build/asan build

run:                                ## install what is missing, build, start everything, stay in front until Ctrl-C
	@scripts/run

stop:                               ## stop what `make run` has started; the data stays
	@scripts/stack stop

reset:                              ## stop, and forget the data
	@scripts/stack reset

test:                               ## the whole suite, from nothing, on its own ports and folders
	@tests/run

check:                              ## the quick suites: no browser, no chaos, no fuzzing
	@tests/run check

unit:                               ## build and run the unit tests under the sanitizers
	@tests/run unit

bench:                              ## measure: sends, fan-out, memory, a reconnect storm (docs/performance.md)
	@bench/run

bench-history:
	@bench/run history

fuzz:                               ## feed the parsers with noise, for a bounded time
	@tests/fuzz/run

lint:                               ## format, shell scripts, and what is longer than it should be
	@scripts/lint

format:                             ## lay out the C sources by .clang-format
	clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

install: build install-share        ## copy programs, SQL, page and lighttpd.conf to $(DESTDIR)$(PREFIX)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -C $(PROGRAMS) "$(DESTDIR)$(PREFIX)/bin"

install-share:
	rm -rf "$(DESTDIR)$(PREFIX)/share/banter"
	install -d "$(DESTDIR)$(PREFIX)/share/banter"
	cp -R $(wildcard sql web VERSION haproxy.conf lighttpd.conf lighttpd.sh) "$(DESTDIR)$(PREFIX)/share/banter"
	cp openapi.yaml "$(DESTDIR)$(PREFIX)/share/banter/web"
	chmod -R u=rwX,go=rX "$(DESTDIR)$(PREFIX)/share/banter"

clean:                              ## remove what was built
	rm -rf build

help:                               ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

$(BUILD)/banter-api: $(API) $(LIB)
$(BUILD)/banter-push: $(PUSH) $(LIB)
$(PROGRAMS):
	@echo link $@
	@$(LINK) -o $@ $^ $(LIBS)

$(BUILD)/lib/base/version.o: CFLAGS += -DBANTER_VERSION='"$(shell cat VERSION)"'
$(BUILD)/lib/base/version.o: VERSION
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo compile $@
	@$(COMPILE) -c -o $@ $<

# A unit test is linked with the program that its name begins with (api_), with lib alone (lib_),
# with the sockets of push (net_), or with all of push.
without_main = $(filter-out %/main.o,$(1))
units: $(UNIT)
$(BUILD)/unit/api_%:  $(BUILD)/tests/unit/api_%.o  $(call without_main,$(API)) $(LIB)
	@mkdir -p $(@D)
	@echo link $@
	@$(LINK) -o $@ $^ $(LIBS) -lcmocka -lwslay
$(BUILD)/unit/lib_%:  $(BUILD)/tests/unit/lib_%.o  $(LIB)
	@mkdir -p $(@D)
	@echo link $@
	@$(LINK) -o $@ $^ $(LIBS) -lcmocka -lwslay
$(BUILD)/unit/net_%:  $(BUILD)/tests/unit/net_%.o  $(NET) $(LIB)
	@mkdir -p $(@D)
	@echo link $@
	@$(LINK) -o $@ $^ $(LIBS) -lcmocka
$(BUILD)/unit/%:      $(BUILD)/tests/unit/%.o      $(call without_main,$(PUSH)) $(LIB)
	@mkdir -p $(@D)
	@echo link $@
	@$(LINK) -o $@ $(filter-out $(FAKED),$^) $(LIBS) -lcmocka -lwslay

# These have a fake database and a fake Redis (tests/unit/world) in place of push's own.
IN_WORLD := $(filter $(BUILD)/unit/resume%,$(UNIT))
$(IN_WORLD): $(call objects,tests/unit/world)
$(IN_WORLD): FAKED := $(addprefix $(BUILD)/push/links/,db.o redis.o)

# The frame and head readers of push, as an echo server for suites of RFC 6455: build/ws-echo PORT.
$(BUILD)/ws-echo: $(addprefix $(BUILD)/,tests/conformance/ws-echo.o push/wire/frame.o push/wire/handshake.o push/wire/http.o push/wire/utf8.o lib/base/memory.o lib/base/percent.o)
	@echo link $@
	@$(LINK) -o $@ $^ $(LIBS)

.PHONY: build asan run stop reset test check unit units bench bench-history fuzz lint format install install-share clean help
.SECONDARY:
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)
