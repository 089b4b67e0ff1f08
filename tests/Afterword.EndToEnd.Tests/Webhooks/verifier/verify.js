// Reads one JSON object a line, {secret, id, timestamp, signature, body}, and writes "ok" or what is wrong for each.
"use strict";
const { Webhook } = require("standardwebhooks");

const lines = require("node:fs").readFileSync(0, "utf8").split("\n").filter((line) => line !== "");
for (const line of lines) {
    const { secret, id, timestamp, signature, body } = JSON.parse(line);
    try {
        new Webhook(secret).verify(body, { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature });
        console.log("ok");
    } catch (error) {
        console.log(error.message);
    }
}
