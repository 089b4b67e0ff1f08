# The gems oauth and twitter, as their users write them. One line of JSON per step; what a person would hand over comes in on stdin.
require "json"
require "oauth"
require "twitter"

def say(step, **found)
  puts JSON.generate({ step: step, **found })
  $stdout.flush
end

given = JSON.parse($stdin.gets)
app = given["app"]
consumer = OAuth::Consumer.new(app["key"], app["secret"], site: "https://api.twitter.com", ca_file: ENV.fetch("SSL_CERT_FILE"))
request = consumer.get_request_token(oauth_callback: given["callback"])
say("link", url: request.authorize_url)
verifier = URI.decode_www_form(URI.parse($stdin.gets.chomp).query).to_h["oauth_verifier"]
access = request.get_access_token(oauth_verifier: verifier)
say("granted", token: access.token)

client = Twitter::REST::Client.new do |config|
  config.consumer_key = app["key"]
  config.consumer_secret = app["secret"]
  config.access_token = access.token
  config.access_token_secret = access.secret
end
say("verified", screen_name: client.verify_credentials.screen_name)
client.follow("ana")
say("followed", friends: client.friend_ids.map(&:to_s))
client.unfollow("ana")
message = client.create_direct_message(given["ana"], "Guten Tag 👋")
say("sent", id: message.id.to_s)
# Its destroy_direct_message sends the name of the parameter as an id, too, and signs something else.
Twitter::REST::Request.new(client, :delete, "/1.1/direct_messages/events/destroy.json", id: message.id).perform
say("listed", ids: client.direct_messages_list.map { |one| one.id.to_s })
prompt = { type: "csat", to_user_id: given["ana"], message: "100% & *mehr*", privacy_url: "https://furni.example/p?a=b&c=%20" }
asked = Twitter::REST::Request.new(client, :post, "/1.1/feedback/create.json", prompt).perform
say("asked", id: asked[:id], to: asked[:to_user_id])
begin
  Twitter::REST::Request.new(client, :post, "/1.1/feedback/create.json", { type: "csat" }).perform
rescue Twitter::Error::BadRequest => error
  say("refused", error: error.class.name, code: error.code)
end
