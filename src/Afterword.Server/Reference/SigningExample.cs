using System.Text;
using Afterword.Client.OAuth;

namespace Afterword.Server.Reference;

/// <summary>A call that is signed step by step, by the code that signs and verifies.</summary>
internal sealed class SigningExample
{
    public const string ConsumerSecret = "kd94hf93k423kf44";
    public const string TokenSecret = "pfkkdhi9sl3r4s00";
    public const string Method = "GET";

    private static readonly KeyValuePair<string, string>[] s_protocol =
    [
        new("oauth_consumer_key", "dpf43f3p2l4k3l03"),
        new("oauth_nonce", "7d8f3e4a"),
        new("oauth_signature_method", SignatureMethods.NameOf(SignatureMethod.HmacSha1)),
        new("oauth_timestamp", "1795214846"),
        new("oauth_token", "nnch734d00sl2jdk"),
    ];

    public SigningExample(string server)
    {
        Address = new Uri($"{server}/1.1/feedback/events.json?from_time=1795132800000&to_time=1795219199999");

        var parameters = new ParameterList();
        parameters.AddQuery(Address.Query);
        foreach (var (name, value) in s_protocol) parameters.Add(name, value);
        var text = new SignatureBase();
        text.Add(parameters);
        text.Complete(Method, new BaseAddress(Address));
        BaseString = Encoding.ASCII.GetString(text.Text);

        Signature = OAuthSignature.Compute(Method, Address, s_protocol, ConsumerSecret, TokenSecret);
        Header = AuthorizationHeader.Write([.. s_protocol, new("oauth_signature", Signature)]);
    }

    public Uri Address { get; }

    public string BaseString { get; }

    public string Signature { get; }

    public string Header { get; }
}
