// A call agent of few words: Osmocom's MGCP client library opens a connection of a call, turns it to an address, opens another, asks
// for an endpoint that is not there, and closes both. Each request waits for the answer to the one before.
#include <osmocom/core/application.h>
#include <osmocom/core/logging.h>
#include <osmocom/core/msgb.h>
#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>
#include <osmocom/mgcp_client/mgcp_client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int waiting;
static char endpoint[MGCP_ENDPOINT_MAXLEN] = "rtpbridge/*@mgw", connection[MGCP_CONN_ID_MAXLEN];

static void answered(struct mgcp_response *response, void *priv)
{
	waiting = 0;
	if (!response) return;
	printf("%d %s\n", response->head.response_code, response->head.comment);
	if (response->head.response_code == 200 && !mgcp_response_parse_params(response) && *response->head.conn_id)
		strcpy(connection, response->head.conn_id);
	if (*response->head.endpoint) strcpy(endpoint, response->head.endpoint);
}

static void ask(struct mgcp_client *client, enum mgcp_verb verb, const char *where, char *which, int port)
{
	struct mgcp_msg message = { .verb = verb, .presence = MGCP_MSG_PRESENCE_ENDPOINT | MGCP_MSG_PRESENCE_CALL_ID, .call_id = 47 };
	strcpy(message.endpoint, where);
	if (verb != MGCP_VERB_DLCX) {
		message.presence |= MGCP_MSG_PRESENCE_CONN_MODE;
		message.conn_mode = port ? MGCP_CONN_RECV_SEND : MGCP_CONN_RECV_ONLY; // nowhere to send to yet
		message.ptime = 20;
		message.codecs[0] = CODEC_PCMA_8000_1;
		message.codecs[1] = CODEC_AMR_8000_1;
		message.codecs_len = 2;
	}
	if (which) {
		message.presence |= MGCP_MSG_PRESENCE_CONN_ID;
		message.conn_id = which;
	}
	if (port) {
		message.presence |= MGCP_MSG_PRESENCE_AUDIO_IP | MGCP_MSG_PRESENCE_AUDIO_PORT;
		message.audio_ip = "10.20.0.1";
		message.audio_port = port;
	}
	waiting = 1;
	mgcp_client_tx(client, mgcp_msg_gen(client, &message), answered, NULL);
	while (waiting) osmo_select_main(0);
}

int main(int count, char **words)
{
	char first[MGCP_CONN_ID_MAXLEN];
	struct mgcp_client_conf conf;
	void *context = talloc_named_const(NULL, 0, "call agent");
	msgb_talloc_ctx_init(context, 0);
	osmo_init_logging2(context, NULL);
	mgcp_client_conf_init(&conf);
	conf.local_addr = "10.20.0.1";
	conf.local_port = 2727;
	conf.remote_addr = words[1];
	conf.remote_port = atoi(words[2]);
	struct mgcp_client *client = mgcp_client_init(context, &conf);
	if (count != 3 || mgcp_client_connect(client)) return 1;
	ask(client, MGCP_VERB_CRCX, endpoint, NULL, 0);
	strcpy(first, connection);
	ask(client, MGCP_VERB_MDCX, endpoint, first, 4000);
	ask(client, MGCP_VERB_CRCX, endpoint, NULL, 4002);
	ask(client, MGCP_VERB_CRCX, "rtpbridge/9999@mgw", NULL, 0);
	ask(client, MGCP_VERB_DLCX, endpoint, first, 0);
	ask(client, MGCP_VERB_DLCX, endpoint, connection, 0);
	return 0;
}
