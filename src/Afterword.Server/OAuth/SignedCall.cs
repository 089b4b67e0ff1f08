using System.Buffers;
using System.Reflection;
using Afterword.Client.OAuth;
using Afterword.Server.Limits;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Parsing;

namespace Afterword.Server.OAuth;

/// <summary>A request whose signature is being, or has been, verified: its parameters and its caller. Reused between requests.</summary>
internal sealed class SignedCall
{
    private const int LeastBody = 2_048;
    private const int KeptBody = 16 * 1024;

    /// <summary>The <c>oauth_*</c> parameters of the header.</summary>
    public ParameterList Header { get; } = new();

    /// <summary>Query and form, in one list.</summary>
    public ParameterList Values { get; } = new();

    public SignatureBase Signature { get; } = new();

    public ArrayBufferWriter<byte> Body { get; private set; } = new(LeastBody);

    /// <summary>The calling app; set once the signature is verified.</summary>
    public App App { get; set; } = null!;

    /// <summary>Who called; set once the signature is verified, where an access token signs.</summary>
    public Caller Caller { get; set; } = null!;

    /// <summary>The request token that signed, on the route that takes one.</summary>
    public RequestToken? RequestToken { get; set; }

    /// <summary>How far the endpoint's limit is used up, where there is one.</summary>
    public LimitState? Limit { get; set; }

    public RequestParameters Parameters => new(Values);

    /// <summary>Hands a handler the call that was verified for it.</summary>
    public static ValueTask<SignedCall?> BindAsync(HttpContext http, ParameterInfo parameter) =>
        ValueTask.FromResult(http.Features.Get<SignedCall>());

    /// <summary>Forgets everything. Memory beyond 16 KiB, which one large body has claimed, is given back.</summary>
    public void Reset()
    {
        Header.Reset();
        Values.Reset();
        Signature.Reset();
        if (Body.Capacity > KeptBody) Body = new(LeastBody);
        Body.ResetWrittenCount();
        App = null!;
        Caller = null!;
        RequestToken = null;
        Limit = null;
    }
}
