using System.Globalization;
using System.Text;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Attacks;

/// <summary>The parts of a request that an attacker can change, one byte a character, so that every byte can stand in them.</summary>
internal sealed record WireRequest(string Method, string Target, string Host, string Authorization, string? ContentType, string Body)
{
    private const string Form = "application/x-www-form-urlencoded";

    public static WireRequest Of(SignedRequest request) =>
        new(request.Method.Method, request.Target, "feedback.test", request.Authorization!, request.Form is null ? null : Form, request.Form ?? "");

    public byte[] ToBytes()
    {
        var type = ContentType is null ? "" : $"Content-Type: {ContentType}\r\n";
        var length = Body.Length > 0 || ContentType is not null ? string.Create(CultureInfo.InvariantCulture, $"Content-Length: {Body.Length}\r\n") : "";
        return Encoding.Latin1.GetBytes($"{Method} {Target} HTTP/1.1\r\nHost: {Host}\r\nAuthorization: {Authorization}\r\n{type}{length}\r\n{Body}");
    }
}
