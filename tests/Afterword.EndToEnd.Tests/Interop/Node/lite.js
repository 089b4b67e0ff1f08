// twitter-lite, as its users write it. One line of JSON per step; what a person would hand over comes in on stdin.
import { createInterface } from 'node:readline/promises';
import Twitter from 'twitter-lite';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => (await lines.next()).value;
const say = (step, found) => console.log(JSON.stringify({ step, ...found }));

const { app, callback, ana } = JSON.parse(await read());
const keys = { consumer_key: app.key, consumer_secret: app.secret };
const asking = new Twitter(keys);
const request = await asking.getRequestToken(callback);
say('link', { url: `https://api.twitter.com/oauth/authorize?oauth_token=${request.oauth_token}` });
const oauth_verifier = new URL(await read()).searchParams.get('oauth_verifier');

// It keeps no secret of the request token, and has no way to be given one.
const access = await asking.getAccessToken({ oauth_verifier, oauth_token: request.oauth_token });
say('granted', { token: access.oauth_token });

const client = new Twitter({ ...keys, access_token_key: access.oauth_token, access_token_secret: access.oauth_token_secret });
say('verified', { screen_name: (await client.get('account/verify_credentials')).screen_name });
await client.post('friendships/create', { screen_name: 'ana' });
say('followed', { friends: (await client.get('friends/ids', { stringify_ids: true })).ids });
await client.post('friendships/destroy', { screen_name: 'ana' });
const { event } = await client.post('direct_messages/events/new', {
  event: { type: 'message_create', message_create: { target: { recipient_id: ana }, message_data: { text: 'Guten Tag 👋' } } },
});
say('sent', { id: event.id });
say('listed', { ids: (await client.get('direct_messages/events/list')).events.map(one => one.id) });
const asked = await client.post('feedback/create', { type: 'csat', to_user_id: ana, message: '100% & *mehr*', privacy_url: 'https://furni.example/p?a=b&c=%20' });
say('asked', { id: asked.id, to: asked.to_user_id });
try {
  await client.post('feedback/create', { type: 'csat' });
} catch (error) {
  say('refused', { error: 'errors', code: error.errors[0].code });
}
