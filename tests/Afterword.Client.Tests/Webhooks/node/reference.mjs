// Signs and verifies with the reference implementation: a JSON document per line in, one per line out.
import { createInterface } from 'node:readline';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

const answers = {
  sign: (webhook, { id, timestamp, body }) => webhook.sign(id, new Date(timestamp * 1000), body),
  verify: (webhook, { id, timestamp, signature, body, now }) => {
    Date.now = () => now * 1000;
    try {
      webhook.verify(body, { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature });
      return 'accepted';
    } catch (error) {
      if (error instanceof WebhookVerificationError) return 'refused';
      throw error;
    }
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  console.log(JSON.stringify(answers[question.do](new Webhook(question.secret), question)));
}
