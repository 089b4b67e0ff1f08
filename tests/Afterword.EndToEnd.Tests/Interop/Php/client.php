<?php
// The extension oauth, as its users write it. One line of JSON per step; what a person would hand over comes in on stdin.
const API = 'https://api.twitter.com';

function say(string $step, array $found): void
{
    echo json_encode(['step' => $step] + $found), "\n";
}

$given = json_decode(fgets(STDIN), true);
$oauth = new OAuth($given['app']['key'], $given['app']['secret'], OAUTH_SIG_METHOD_HMACSHA1, OAUTH_AUTH_TYPE_AUTHORIZATION);
$request = $oauth->getRequestToken(API . '/oauth/request_token', $given['callback']);
say('link', ['url' => API . '/oauth/authorize?oauth_token=' . $request['oauth_token']]);
parse_str(parse_url(trim(fgets(STDIN)), PHP_URL_QUERY), $led);
$oauth->setToken($request['oauth_token'], $request['oauth_token_secret']);
$access = $oauth->getAccessToken(API . '/oauth/access_token', null, $led['oauth_verifier']);
say('granted', ['token' => $access['oauth_token']]);

$oauth->setToken($access['oauth_token'], $access['oauth_token_secret']);
$call = function (string $method, string $path, array|string $parameters = [], array $headers = []) use ($oauth) {
    $oauth->fetch(API . "/1.1/$path.json", $parameters, $method, $headers);
    return json_decode($oauth->getLastResponse(), true);
};
say('verified', ['screen_name' => $call('GET', 'account/verify_credentials')['screen_name']]);
$call('POST', 'friendships/create', ['screen_name' => 'ana']);
say('followed', ['friends' => array_map('strval', $call('GET', 'friends/ids', ['stringify_ids' => 'true'])['ids'])]);
$call('POST', 'friendships/destroy', ['screen_name' => 'ana']);
$message = json_encode(['event' => ['type' => 'message_create', 'message_create' => ['target' => ['recipient_id' => $given['ana']], 'message_data' => ['text' => 'Guten Tag 👋']]]]);
$id = $call('POST', 'direct_messages/events/new', $message, ['Content-Type' => 'application/json'])['event']['id'];
say('sent', ['id' => $id]);
$oauth->fetch(API . "/1.1/direct_messages/events/destroy.json?id=$id", [], 'DELETE');
say('listed', ['ids' => array_column($call('GET', 'direct_messages/events/list')['events'], 'id')]);
$asked = $call('POST', 'feedback/create', ['type' => 'csat', 'to_user_id' => $given['ana'], 'message' => '100% & *mehr*', 'privacy_url' => 'https://furni.example/p?a=b&c=%20']);
say('asked', ['id' => $asked['id'], 'to' => $asked['to_user_id']]);
try {
    $call('POST', 'feedback/create', ['type' => 'csat']);
} catch (OAuthException $error) {
    say('refused', ['error' => get_class($error), 'code' => json_decode($error->lastResponse, true)['errors'][0]['code']]);
}
