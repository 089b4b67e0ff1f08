"""tweepy, as its users write it. One line of JSON per step; what a person would hand over comes in on stdin."""
import json
import sys
import time
from urllib.parse import parse_qs, urlsplit

import tweepy


def read():
    return sys.stdin.readline().rstrip("\n")


def say(step, **found):
    print(json.dumps({"step": step, **found}), flush=True)


def refusal(call):
    try:
        call()
        return {"error": None}
    except tweepy.HTTPException as error:
        return {
            "error": type(error).__name__,
            "status": error.response.status_code,
            "codes": error.api_codes,
            "limited": isinstance(error, tweepy.TooManyRequests),
        }
    except tweepy.TweepyException as error:
        # The legs are another library's, whose error stands inside.
        inner = error.args[0]
        return {"error": type(error).__name__, "status": inner.status_code, "codes": [one["code"] for one in inner.response.json()["errors"]]}


given = json.loads(read())
app, callback, ana = given["app"], given["callback"], given["ana"]


def begin(step, to, **options):
    asking = tweepy.OAuth1UserHandler(app["key"], app["secret"], callback=to)
    say(step, url=asking.get_authorization_url(**options))
    return asking


def finish(step, asking, verifier):
    token, _ = asking.get_access_token(verifier)
    # Their answer names the user; tweepy keeps the token alone, so the user is asked for.
    say(step, token=token)
    return asking


def verifier_of(address):
    return parse_qs(urlsplit(address).query)["oauth_verifier"][0]


# The three legs.
asking = begin("link with callback", callback)
client = finish("granted by callback", asking, verifier_of(read()))
asking = begin("link with pin", "oob")
client = finish("granted by pin", asking, read())
asking = begin("link without question", callback, signin_with_twitter=True)
client = finish("granted without question", asking, verifier_of(read()))
asking = begin("link to cancel", callback)
read()
say("denied", **refusal(lambda: asking.get_access_token("1234567")))
asking = begin("link for reading", callback, access_type="read")
reader = finish("granted for reading", asking, verifier_of(read()))

# The platform, in tweepy's own types.
api = tweepy.API(client)
say("verified", user=api.verify_credentials(include_email=True, skip_status=True)._json)
say("user", user=api.get_user(screen_name="ANA", include_entities=True)._json)
say("users", users=[user.screen_name for user in api.lookup_users(screen_name=["ana", "furni"])])
say("nobody", **refusal(lambda: api.get_user(screen_name="nobody")))
say("followed", user=api.create_friendship(screen_name="ana")._json)
source, target = api.get_friendship(source_screen_name="furni", target_screen_name="ana")
say("friendship", source=source._json, target=target._json)
say("friends", ids=[str(one) for one in tweepy.Cursor(api.get_friend_ids).items()])
say("connections", connections=[word for word in ["following", "followed_by"] if getattr(api.lookup_friendships(screen_name=["ana"])[0], f"is_{word}")])
say("settings", language=api.get_settings()["language"])
say("unfollowed", user=api.destroy_friendship(user_id=ana)._json)

sent = [api.send_direct_message(ana, text) for text in ["Guten Tag", "Wie geht’s?", "Bis bald 👋"]]
say("sent", ids=[event.id for event in sent], event=sent[2]._json)
say("read", event=api.get_direct_message(sent[0].id)._json)
pages = list(tweepy.Cursor(api.get_direct_messages, count=2).pages())
say("listed", first=len(pages[0]), done=len(pages) == 2, ids=[event.id for page in pages for event in page])
say("may not message", **refusal(lambda: tweepy.API(reader).send_direct_message(ana, "x")))
say("limits", resources=api.rate_limit_status()["resources"])

# Feedback.
client = tweepy.API(client, parser=tweepy.parsers.JSONParser())
reader = tweepy.API(reader, parser=tweepy.parsers.JSONParser())
prompt = {
    "type": "nps",
    "to_user_id": ana,
    "message": "Danke für alles! 100% & *mehr* (~'+')",
    "privacy_url": "https://furni.example/privacy?a=b&c=%20",
}


def ask(**more):
    return client.request("POST", "feedback/create", params={**prompt, **more})


start = int(time.time() * 1000)
asked = ask(external_id="ticket 5555", question_variant_id=3)
say("asked", feedback=asked)
say("shown", feedback=client.request("GET", f"feedback/show/{asked['id']}"))
say("asked with json", feedback=client.request("POST", "feedback/create", json_payload={"type": "csat", "to_user_id": ana, "message": "x", "privacy_url": "https://furni.example"}))
for _ in range(3):
    client.request("POST", "feedback/create", post_data=prompt)
pages = []
page = client.request("GET", "feedback/events", params={"from_time": start - 1000, "to_time": int(time.time() * 1000), "count": 2})
pages.append([event["feedback"]["id"] for event in page["events"]])
while page["next_cursor"] != "":
    # With a cursor given, tweepy hands back the next one beside the page.
    page, _ = client.request("GET", "feedback/events", params={"cursor": page["next_cursor"], "count": 2})
    pages.append([event["feedback"]["id"] for event in page["events"]])
say("events", pages=pages)

# What is refused.
say("nothing given", **refusal(lambda: client.request("POST", "feedback/create", params={"type": "stars"})))
say("may not write", **refusal(lambda: reader.request("POST", "feedback/create", params={"type": "csat"})))
say("not there", **refusal(lambda: client.request("GET", "feedback/show/1")))
say("no such user", **refusal(lambda: ask(to_user_id="1")))
limited = {"error": None}
while limited["error"] is None:
    limited = refusal(lambda: client.request("GET", f"feedback/show/{asked['id']}"))
say("too often", **limited)

# The end of a token.
say("ended", token=client.request("POST", "oauth/invalidate_token")["access_token"])
say("after the end", **refusal(ask))
