// twitter-api-v2, as its users write it. One line of JSON per step; what a person would hand over comes in on stdin.
import { createInterface } from 'node:readline/promises';
import { ApiResponseError, TwitterApi } from 'twitter-api-v2';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => (await lines.next()).value;
const say = (step, found) => console.log(JSON.stringify({ step, ...found }));
const refusal = async call => {
  try {
    await call;
    return { error: null };
  } catch (error) {
    if (!(error instanceof ApiResponseError)) throw error;
    return { error: error.constructor.name, status: error.code, codes: (error.errors ?? []).map(one => one.code), limited: error.rateLimitError };
  }
};

// What the network said is in none of the error's public members.
process.on('uncaughtException', error => {
  console.error(error, error._options?.error?.code);
  process.exit(1);
});

const { app, callback, ana } = JSON.parse(await read());
const keys = { appKey: app.key, appSecret: app.secret };

// The three legs.
const begin = async (step, to, options) => {
  const link = await new TwitterApi(keys).generateAuthLink(to, options);
  say(step, { url: link.url });
  return new TwitterApi({ ...keys, accessToken: link.oauth_token, accessSecret: link.oauth_token_secret });
};
const finish = async (step, client, verifier) => {
  const { userId, screenName, accessToken, client: signedIn } = await client.login(verifier);
  say(step, { user_id: userId, screen_name: screenName, token: accessToken });
  return signedIn;
};
const verifierOf = address => new URL(address).searchParams.get('oauth_verifier');

let asking = await begin('link with callback', callback, { linkMode: 'authorize' });
let client = await finish('granted by callback', asking, verifierOf(await read()));
asking = await begin('link with pin', 'oob', { linkMode: 'authorize' });
client = await finish('granted by pin', asking, await read());
asking = await begin('link without question', callback, { linkMode: 'authenticate' });
client = await finish('granted without question', asking, verifierOf(await read()));
asking = await begin('link to cancel', callback, { linkMode: 'authorize' });
await read();
say('denied', await refusal(asking.login('1234567')));
asking = await begin('link for reading', callback, { linkMode: 'authorize', authAccessType: 'read' });
const reader = await finish('granted for reading', asking, verifierOf(await read()));

// The platform.
say('verified', { user: await client.v1.verifyCredentials({ include_email: true, skip_status: true }) });
say('user', { user: await client.v1.user({ screen_name: 'ANA', include_entities: true }) });
say('users', { users: (await client.v1.users({ screen_name: ['ana', 'furni'] })).map(user => user.screen_name) });
say('nobody', await refusal(client.v1.user({ screen_name: 'nobody' })));
say('followed', { user: await client.v1.createFriendship({ screen_name: 'ana' }) });
const { relationship } = await client.v1.friendship({ source_screen_name: 'furni', target_screen_name: 'ana' });
say('friendship', relationship);
say('friends', { ids: (await client.v1.get('friends/ids.json', { stringify_ids: true })).ids });
say('connections', { connections: (await client.v1.friendships({ screen_name: 'ana' }))[0].connections });
say('settings', { language: (await client.v1.accountSettings()).language });
say('unfollowed', { user: await client.v1.destroyFriendship({ user_id: ana }) });

const sent = [];
for (const text of ['Guten Tag', 'Wie geht’s?', 'Bis bald 👋']) sent.push((await client.v1.sendDm({ recipient_id: ana, text })).event);
say('sent', { ids: sent.map(event => event.id), event: sent[2] });
say('read', { event: (await client.v1.getDmEvent(sent[0].id)).event });
const messages = await client.v1.listDmEvents({ count: 2 });
const first = messages.events.length;
await messages.fetchNext();
say('listed', { first, done: messages.done, ids: messages.events.map(event => event.id) });
say('may not message', await refusal(reader.v1.sendDm({ recipient_id: ana, text: 'x' })));
say('limits', { resources: (await client.v1.rateLimitStatuses('feedback', 'users')).resources });

// Feedback.
const ask = more => client.v1.post('feedback/create.json', {
  type: 'nps', to_user_id: ana, message: 'Danke für alles! 100% & *mehr* (~\'+\')', privacy_url: 'https://furni.example/privacy?a=b&c=%20', ...more,
});
const from = Date.now();
const asked = await ask({ external_id: 'ticket 5555', question_variant_id: 3 });
say('asked', { feedback: asked });
say('shown', { feedback: await client.v1.get(`feedback/show/${asked.id}.json`) });
say('asked with json', { feedback: await client.v1.post('feedback/create.json', { type: 'csat', to_user_id: ana, message: 'x', privacy_url: 'https://furni.example' }, { forceBodyMode: 'json' }) });
for (let i = 0; i < 3; i++) await ask({});
const pages = [];
let page = { next_cursor: null };
do {
  page = await client.v1.get('feedback/events.json', page.next_cursor ? { cursor: page.next_cursor, count: 2 } : { from_time: from - 1000, to_time: Date.now(), count: 2 });
  pages.push(page.events.map(event => event.feedback.id));
} while (page.next_cursor !== '');
say('events', { pages });

// What is refused.
say('nothing given', await refusal(client.v1.post('feedback/create.json', { type: 'stars' })));
say('may not write', await refusal(reader.v1.post('feedback/create.json', { type: 'csat' })));
say('not there', await refusal(client.v1.get('feedback/show/1.json')));
say('no such user', await refusal(ask({ to_user_id: '1' })));
let limited;
do limited = await refusal(client.v1.get(`feedback/show/${asked.id}.json`)); while (limited.error === null);
say('too often', limited);

// The end of a token.
say('ended', { token: (await client.v1.post('oauth/invalidate_token.json')).access_token });
say('after the end', await refusal(ask({})));
process.exit(0);
