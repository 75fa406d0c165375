/* SPDX-License-Identifier: MIT */
/* A connection to Redis, from the name lookup to the first reply. */
#include "lib/links/redis_link.h"

#include <errno.h>
#include <hiredis/sds.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/settings.h"
#include "lib/links/redis_url.h"
#include "lib/links/resolver.h"

enum { READ_BYTES = 16 * 1024 };

static enum redis_step
fail(struct redis_link *l, const char *what, const char *why)
{
	int n = snprintf(l->why, sizeof l->why, "%s%s%s", what, *what ? ": " : "", why && *why ? why : "closed");

	if (n >= (int)sizeof l->why)
		l->why[sizeof l->why - 2] = '~'; /* marks that the end is missing */
	return REDIS_FAILED;
}

/* ---- TLS */

static SSL_CTX *tls_context;
static const char *tls_refusal;
static pthread_once_t tls_once = PTHREAD_ONCE_INIT;

static const char *
tls_error(void)
{
	static _Thread_local char text[REDIS_WHY_BYTES];

	ERR_error_string_n(ERR_get_error(), text, sizeof text);
	return text;
}

static bool
tls_files(SSL_CTX *context)
{
	const char *ca = settings.redis_ca, *certificate = settings.redis_certificate, *key = settings.redis_key;

	if (*ca ? SSL_CTX_load_verify_locations(context, ca, NULL) != 1 : SSL_CTX_set_default_verify_paths(context) != 1)
		tls_refusal = "BANTER_REDIS_CA cannot be read";
	else if (*certificate && SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		tls_refusal = "BANTER_REDIS_CERTIFICATE cannot be read";
	else if (*certificate && SSL_CTX_use_PrivateKey_file(context, *key ? key : certificate, SSL_FILETYPE_PEM) != 1)
		tls_refusal = "BANTER_REDIS_KEY cannot be read, or is not that of BANTER_REDIS_CERTIFICATE";
	return !tls_refusal;
}

static void
tls_open(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context) {
		tls_refusal = "OpenSSL does not start";
		return;
	}
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(context, settings.redis_verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (tls_files(context))
		tls_context = context;
	else
		SSL_CTX_free(context);
}

/* Returns NULL, or why the URL or the TLS settings cannot be used. */
static const char *
url_refusal(void)
{
	struct redis_url url;

	if (!redis_url_parse(settings.redis_url, &url))
		return "BANTER_REDIS_URL is not understood";
	if (url.is_tls)
		pthread_once(&tls_once, tls_open);
	return url.is_tls ? tls_refusal : NULL;
}

void
redis_check(void)
{
	const char *refusal = *settings.redis_url ? url_refusal() : NULL;

	if (!refusal)
		return;
	fprintf(stderr, "%s (see --help)\n", refusal);
	exit(64);
}

/* Prepares TLS. The certificate must name the host of the URL. */
static bool
tls_begin(struct redis_link *l, const char *host)
{
	SSL *tls = SSL_new(tls_context);

	l->tls = tls;
	if (!tls || SSL_set_fd(tls, l->context->fd) != 1)
		return false;
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1)
		return true;
	ERR_clear_error();
	return SSL_set1_host(tls, host) == 1 && SSL_set_tlsext_host_name(tls, host) == 1;
}

static enum redis_step
tls_shake(struct redis_link *l)
{
	ERR_clear_error();
	int done = SSL_connect(l->tls), error = SSL_get_error(l->tls, done);

	if (done == 1)
		return REDIS_DONE;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		l->events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		return REDIS_WAIT;
	}
	long verdict = SSL_get_verify_result(l->tls);
	return fail(l, "TLS",
		    verdict != X509_V_OK ? X509_verify_cert_error_string(verdict)
		    : ERR_peek_error()	 ? tls_error()
					 : "the handshake failed");
}

/* ---- connecting */

static _Atomic unsigned next_address; /* of a name's addresses, modulo their count */

static redisContext *
context_begin(struct redis_link *l, const struct redis_url *url, const struct resolved *found)
{
	if (url->is_path)
		return redisConnectUnixNonBlock(url->place);
	l->address = atomic_load(&next_address);
	return redisConnectNonBlock(found->addresses[l->address % (unsigned)found->count], url->port);
}

/* Moves on from the link's address, unless another link that failed there has done so. */
static void
address_failed(const struct redis_link *l)
{
	unsigned failed = l->address;

	atomic_compare_exchange_strong(&next_address, &failed, failed + 1);
}

enum redis_step
redis_link_begin(struct redis_link *l)
{
	const char *refusal = url_refusal();
	struct resolved found = { 0 };
	struct redis_url url;

	*l = (struct redis_link){ 0 };
	if (refusal || !redis_url_parse(settings.redis_url, &url))
		return fail(l, "", refusal);
	if (!url.is_path) {
		enum resolver_state state = resolver_find(url.place, &found);
		if (state == RESOLVER_PENDING)
			return REDIS_WAIT;
		if (state == RESOLVER_FAILED || !found.count)
			return fail(l, url.place, "the name has no address");
	}
	l->context = context_begin(l, &url, &found);
	l->events = POLLOUT;
	if (!l->context || l->context->err) {
		fail(l, "", l->context ? l->context->errstr : "out of memory");
		redis_link_end(l);
		return REDIS_FAILED;
	}
	if (url.is_tls && !tls_begin(l, url.place)) {
		fail(l, "TLS", tls_error());
		redis_link_end(l);
		return REDIS_FAILED;
	}
	return REDIS_DONE;
}

/* ---- TLS and the first commands */

static const char *
connect_error(const struct redis_link *l)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(l->context->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	return error ? strerror(error) : NULL;
}

/* Sends AUTH, SELECT and PING. */
static void
greet(struct redis_link *l)
{
	struct redis_url url;

	if (!redis_url_parse(settings.redis_url, &url))
		return;
	if (*url.password) {
		const char *with_user[] = { "AUTH", url.user, url.password }, *without[] = { "AUTH", url.password };
		redisAppendCommandArgv(l->context, *url.user ? 3 : 2, *url.user ? with_user : without, NULL);
		l->greetings++;
	}
	if (url.database) {
		redisAppendCommand(l->context, "SELECT %d", url.database);
		l->greetings++;
	}
	redisAppendCommand(l->context, "PING");
	l->greetings++;
}

static enum redis_step
greeted(struct redis_link *l)
{
	int done = 0;

	if (!redis_link_write(l, &done))
		return REDIS_FAILED;
	l->events = done ? POLLIN : POLLIN | POLLOUT;
	if (!redis_link_read(l))
		return REDIS_FAILED;
	while (l->greetings) {
		redisReply *reply = NULL;
		if (redisGetReplyFromReader(l->context, (void **)&reply) != REDIS_OK)
			return fail(l, "", l->context->errstr);
		if (!reply)
			return REDIS_WAIT;
		bool refused = reply->type == REDIS_REPLY_ERROR;
		if (refused)
			fail(l, "refused", reply->str);
		freeReplyObject(reply);
		if (refused)
			return REDIS_FAILED;
		l->greetings--;
	}
	return REDIS_DONE;
}

enum redis_step
redis_link_stand(struct redis_link *l)
{
	enum redis_step step = REDIS_DONE;
	const char *error;

	switch (l->state) {
	case REDIS_CONNECTING:
		if ((error = connect_error(l)))
			return fail(l, "", error);
		l->context->flags |= REDIS_CONNECTED;
		l->state = REDIS_SHAKING;
		/* fallthrough */
	case REDIS_SHAKING:
		if (l->tls)
			step = tls_shake(l);
		if (step != REDIS_DONE)
			return step;
		l->state = REDIS_GREETING;
		greet(l);
		/* fallthrough */
	case REDIS_GREETING:
		step = greeted(l);
		if (step == REDIS_DONE)
			l->state = REDIS_UP;
		return step;
	case REDIS_UP:
		break;
	}
	return REDIS_DONE;
}

/* ---- bytes */

static bool
tls_broken(struct redis_link *l, int result)
{
	int error = SSL_get_error(l->tls, result);

	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return false;
	fail(l, "TLS", error == SSL_ERROR_SYSCALL && errno ? strerror(errno) : ERR_peek_error() ? tls_error() : "closed");
	return true;
}

/* Reads all bytes that OpenSSL has decrypted. poll() would not report them. */
static bool
tls_read(struct redis_link *l)
{
	char bytes[READ_BYTES];

	do {
		ERR_clear_error();
		int n = SSL_read(l->tls, bytes, sizeof bytes);
		if (n <= 0)
			return !tls_broken(l, n);
		redisReaderFeed(l->context->reader, bytes, (size_t)n);
	} while (SSL_pending(l->tls) > 0);
	return true;
}

static bool
tls_write(struct redis_link *l, int *done)
{
	while (sdslen(l->context->obuf) > 0) {
		ERR_clear_error();
		int n = SSL_write(l->tls, l->context->obuf, (int)sdslen(l->context->obuf));
		if (n <= 0) {
			*done = 0;
			return !tls_broken(l, n);
		}
		sdsrange(l->context->obuf, n, -1);
	}
	*done = 1;
	return true;
}

bool
redis_link_read(struct redis_link *l)
{
	if (l->tls)
		return tls_read(l);
	if (redisBufferRead(l->context) == REDIS_OK)
		return true;
	fail(l, "", l->context->errstr);
	return false;
}

bool
redis_link_write(struct redis_link *l, int *done)
{
	if (l->tls)
		return tls_write(l, done);
	if (redisBufferWrite(l->context, done) == REDIS_OK)
		return true;
	fail(l, "", l->context->errstr);
	return false;
}

size_t
redis_link_unsent(const struct redis_link *l)
{
	return sdslen(l->context->obuf);
}

void
redis_link_end(struct redis_link *l)
{
	if (l->context && l->state != REDIS_UP)
		address_failed(l);
	SSL_free(l->tls);
	l->tls = NULL;
	if (l->context)
		redisFree(l->context);
	l->context = NULL;
}
