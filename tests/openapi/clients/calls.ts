// A client whose types openapi-typescript generated, as its users call it. It writes what it found, line by line.
import { createHmac } from 'node:crypto';
import OAuth from 'oauth-1.0a';
import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths, webhooks } from './api.js';

const [server, key, secret, token, tokenSecret, customer] = process.argv.slice(2) as [string, string, string, string, string, string];

const oauth = new OAuth({
  consumer: { key, secret },
  signature_method: 'HMAC-SHA1',
  hash_function: (text, by) => createHmac('sha1', by).update(text).digest('base64'),
});
const signing: Middleware = {
  onRequest({ request }) {
    const { Authorization } = oauth.toHeader(oauth.authorize({ url: request.url, method: request.method }, { key: token, secret: tokenSecret }));
    request.headers.set('Authorization', Authorization);
    return request;
  },
};

const api = createClient<paths>({ baseUrl: server });
api.use(signing);

const { data: me } = await api.GET('/1.1/account/verify_credentials.json');
const url: string | null | undefined = me?.url;
const { data: asked, error } = await api.POST('/1.1/feedback/create.json', {
  params: { header: { 'Idempotency-Key': 'typescript' } },
  body: { type: 'nps', to_user_id: customer, message: 'Thank you & goodbye! 100 % ✓', privacy_url: 'https://furni.example/privacy', question_variant_id: 3 },
});
if (!asked) throw new Error(JSON.stringify(error));
const { data: shown } = await api.GET('/1.1/feedback/show/{id}.json', { params: { path: { id: asked.id } } });
const { data: users } = await api.POST('/1.1/users/lookup.json', { body: { user_id: `${me?.id_str},${customer}` } });
const { data: list } = await api.GET('/1.1/friends/ids.json', { params: { query: { stringify_ids: true } } });
const refused = await api.GET('/1.1/users/show.json', { params: { query: { screen_name: 'nobody' } } });
const codes = (refused.error as components['schemas']['Errors']).errors.map(one => one.code);

for (const line of [
  me?.id_str, url ?? '', shown?.id === asked.id ? shown.type : 'another', shown?.question_variant_id, users?.map(user => user.id_str).join(' '),
  `${list?.ids.length} ${list?.next_cursor}`, `${refused.response.status} ${codes}`,
]) console.log(line);

// What a webhook is sent has its type, too.
type Sent = webhooks['feedback.updated']['post']['requestBody']['content']['application/json'];
export const scoreOf = (sent: Sent): number | undefined => sent.feedback.response?.score?.value;
