# Twitter::API, as its users write it. One line of JSON per step; what a person would hand over comes in on stdin.
use strict;
use warnings;
use utf8;
use JSON::PP;
use Twitter::API;
use URI;

my $json = JSON::PP->new->utf8->canonical;
$| = 1;

sub say_step { my ($step, %found) = @_; print $json->encode({ step => $step, %found }), "\n" }

my $given = $json->decode(scalar <STDIN>);
my $client = Twitter::API->new_with_traits(
    traits          => ['ApiMethods'],
    consumer_key    => $given->{app}{key},
    consumer_secret => $given->{app}{secret},
);
my $request = $client->oauth_request_token({ callback => $given->{callback} });
say_step('link', url => '' . $client->oauth_authorization_url({ oauth_token => $request->{oauth_token} }));
chomp(my $address = <STDIN>);
my %led = URI->new($address)->query_form;
my $access = $client->oauth_access_token({
    token        => $request->{oauth_token},
    token_secret => $request->{oauth_token_secret},
    verifier     => $led{oauth_verifier},
});
say_step('granted', token => $access->{oauth_token});

$client->access_token($access->{oauth_token});
$client->access_token_secret($access->{oauth_token_secret});
say_step('verified', screen_name => $client->verify_credentials->{screen_name});
$client->create_friend('ana');
say_step('followed', friends => [map { "$_" } @{ $client->friends_ids->{ids} }]);
$client->destroy_friend('ana');
my $id = $client->new_direct_messages_event('Guten Tag 👋', $given->{ana})->{event}{id};
say_step('sent', id => "$id");
$client->destroy_direct_messages_event($id);
say_step('listed', ids => [map { "$_->{id}" } @{ $client->direct_messages_events->{events} }]);
my $asked = $client->post('feedback/create', {
    type => 'csat', to_user_id => $given->{ana}, message => '100% & *mehr*', privacy_url => 'https://furni.example/p?a=b&c=%20',
});
say_step('asked', id => "$asked->{id}", to => "$asked->{to_user_id}");
eval { $client->post('feedback/create', { type => 'csat' }); 1 } or say_step('refused', error => ref $@, code => $@->twitter_error_code);
