namespace Afterword.Client.OAuth;

/// <summary>Signs requests by RFC 5849, section 3.4. The simple form; <see cref="SignatureBase"/> is the fast one.</summary>
public static class OAuthSignature
{
    /// <summary>Computes the value of <c>oauth_signature</c>, in base64 and not yet percent-encoded.</summary>
    /// <param name="method">The HTTP method; letter case does not matter.</param>
    /// <param name="address">The absolute address; the parameters of its query are signed (section 3.4.1.3.1).</param>
    /// <param name="parameters">
    /// The <c>oauth_*</c> parameters and those of a form body, decoded. Not those of the query, and not <c>realm</c>;
    /// an <c>oauth_signature</c> is ignored.
    /// </param>
    /// <param name="consumerSecret">The secret shared with the app.</param>
    /// <param name="tokenSecret">The secret of the token; empty while there is none.</param>
    /// <param name="signatureMethod">The keyed hash, HMAC-SHA1 by default.</param>
    /// <exception cref="ArgumentException">The address is not absolute.</exception>
    public static string Compute(
        string method, Uri address, IEnumerable<KeyValuePair<string, string>> parameters,
        string consumerSecret, string tokenSecret, SignatureMethod signatureMethod = SignatureMethod.HmacSha1)
    {
        Span<byte> signature = stackalloc byte[SignatureMethods.MaxSize];
        var size = Base(method, address, parameters).Sign(signatureMethod, consumerSecret, tokenSecret, signature);
        return Convert.ToBase64String(signature[..size]);
    }

    internal static SignatureBase Base(string method, Uri address, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var target = new BaseAddress(address);

        var all = new ParameterList();
        all.AddQuery(address.Query);
        foreach (var (name, value) in parameters) all.Add(name, value);

        var text = new SignatureBase();
        text.Add(all);
        text.Complete(method, target);
        return text;
    }
}
