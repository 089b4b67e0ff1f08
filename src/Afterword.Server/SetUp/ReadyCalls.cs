using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Afterword.Server.SetUp.Pages;

namespace Afterword.Server.SetUp;

/// <summary>Writes the call that asks a customer, complete, in the languages that people use. Each runs as it is.</summary>
internal sealed class ReadyCalls(AppKeys keys, string publicBase, long recipient, string privacyUrl)
{
    private const string Message = "Thank you for writing to us. How did we do?";
    private static readonly JsonSerializerOptions s_readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private string Address => $"{publicBase}/1.1/feedback/create.json";

    private string Recipient => recipient.ToString(CultureInfo.InvariantCulture);

    public IReadOnlyList<ReadyCall> All() => [new("curl", Curl()), new("C#", CSharp()), new("Python", Python()), new("JavaScript", JavaScript())];

    // curl has no OAuth 1.0a of its own: bash puts the signature together, and openssl computes it.
    private string Curl() =>
        $$"""
        # bash, with curl and openssl
        key={{Shell(keys.Key)}} secret={{Shell(keys.Secret)}}
        token={{Shell(keys.Token)}} token_secret={{Shell(keys.TokenSecret)}}
        url={{Shell(Address)}}
        fields=(type=csat to_user_id={{Recipient}} {{Shell($"message={Message}")}} {{Shell($"privacy_url={privacyUrl}")}} include_card=true)

        enc() {
          local LC_ALL=C i c
          for ((i = 0; i < ${#1}; i++)); do
            c=${1:i:1}
            case $c in [a-zA-Z0-9.~_-]) printf %s "$c" ;; *) printf '%%%02X' "$(($(printf %d "'$c") & 255))" ;; esac
          done
        }
        oauth=(oauth_consumer_key="$key" oauth_nonce="$(openssl rand -hex 16)" oauth_signature_method=HMAC-SHA256
          oauth_timestamp="$(date +%s)" oauth_token="$token")
        pairs=$(for p in "${fields[@]}" "${oauth[@]}"; do echo "$(enc "${p%%=*}")=$(enc "${p#*=}")"; done | LC_ALL=C sort | paste -sd '&' -)
        signature=$(printf %s "POST&$(enc "$url")&$(enc "$pairs")" |
          openssl dgst -sha256 -hmac "$(enc "$secret")&$(enc "$token_secret")" -binary | base64)
        header=$(for p in "${oauth[@]}" oauth_signature="$signature"; do printf '%s="%s", ' "${p%%=*}" "$(enc "${p#*=}")"; done)
        data=(); for p in "${fields[@]}"; do data+=(--data-urlencode "$p"); done
        curl "$url" -H "Authorization: OAuth ${header%, }" "${data[@]}"
        """;

    private string CSharp() =>
        $$"""
        // dotnet add package Afterword.Client
        using Afterword.Client;
        using Afterword.Client.OAuth;

        using var client = new FeedbackClient(new(
            new Uri({{Quoted(publicBase)}}),
            new OAuthCredentials(
                {{Quoted(keys.Key)}}, {{Quoted(keys.Secret)}},
                {{Quoted(keys.Token)}}, {{Quoted(keys.TokenSecret)}})));
        var feedback = await client.CreateAsync(new PromptRequest
        {
            Type = FeedbackType.Csat,
            ToUserId = "{{Recipient}}",
            Message = {{Quoted(Message)}},
            PrivacyUrl = new({{Quoted(privacyUrl)}}),
            IncludeCard = true,
        });
        Console.WriteLine(feedback.CardUrl);
        """;

    private string Python() =>
        $$"""
        # pip install requests-oauthlib
        from requests_oauthlib import OAuth1Session

        afterword = OAuth1Session(
            {{Quoted(keys.Key)}}, {{Quoted(keys.Secret)}},
            {{Quoted(keys.Token)}}, {{Quoted(keys.TokenSecret)}})
        answer = afterword.post({{Quoted(Address)}}, data={
            "type": "csat",
            "to_user_id": "{{Recipient}}",
            "message": {{Quoted(Message)}},
            "privacy_url": {{Quoted(privacyUrl)}},
            "include_card": "true",
        })
        answer.raise_for_status()
        print(answer.json()["card_url"])
        """;

    private string JavaScript() =>
        $$"""
        // Node.js 18 or later, saved as ask.mjs
        import { createHmac, randomBytes } from "node:crypto";

        const key = {{Quoted(keys.Key)}}, secret = {{Quoted(keys.Secret)}};
        const token = {{Quoted(keys.Token)}}, tokenSecret = {{Quoted(keys.TokenSecret)}};
        const url = {{Quoted(Address)}};
        const fields = {
          type: "csat",
          to_user_id: "{{Recipient}}",
          message: {{Quoted(Message)}},
          privacy_url: {{Quoted(privacyUrl)}},
          include_card: "true",
        };

        const enc = text => encodeURIComponent(text).replace(/[!'()*]/g, c => "%" + c.charCodeAt(0).toString(16).toUpperCase());
        const oauth = {
          oauth_consumer_key: key,
          oauth_nonce: randomBytes(16).toString("hex"),
          oauth_signature_method: "HMAC-SHA256",
          oauth_timestamp: `${Math.floor(Date.now() / 1000)}`,
          oauth_token: token,
        };
        const pairs = Object.entries({ ...fields, ...oauth }).map(pair => pair.map(enc).join("=")).sort().join("&");
        oauth.oauth_signature = createHmac("sha256", `${enc(secret)}&${enc(tokenSecret)}`)
          .update(["POST", url, pairs].map(enc).join("&")).digest("base64");
        const answer = await fetch(url, {
          method: "POST",
          headers: { Authorization: "OAuth " + Object.entries(oauth).map(([name, value]) => `${name}="${enc(value)}"`).join(", ") },
          body: new URLSearchParams(fields),
        });
        console.log((await answer.json()).card_url);
        """;

    private static string Shell(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    // What JSON escapes, C#, Python and JavaScript read alike.
    private static string Quoted(string text) => JsonSerializer.Serialize(text, s_readable);
}
