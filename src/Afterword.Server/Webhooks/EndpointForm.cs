using Afterword.Server.Access.Console;
using Afterword.Server.Hosting;

namespace Afterword.Server.Webhooks;

/// <summary>Reads where something is posted to, as people enter it in the console.</summary>
internal static class EndpointForm
{
    private const int MostBasic = 500;

    /// <summary>Gives the address, and the credentials or null; or null after noting what is wrong.</summary>
    public static (Uri Url, string? Basic)? Read(IFormCollection form, Entered entered, WebhookSettings settings, EgressGuard guard)
    {
        var (url, wrong) = WebhookUrl.Read(form["url"].ToString().Trim(), settings, guard);
        if (wrong is not null) entered.Refuse("url", $"It must be {wrong.Replace("; give those with --basic", "; those have a field of their own", StringComparison.Ordinal)}.");

        var basic = form["basic"].ToString();
        if (basic.Length > MostBasic || (basic.Length > 0 && !WebhookUrl.IsBasic(basic))) entered.Refuse("basic", "Write user:password, or nothing.");
        return entered.IsWrong ? null : (url!, basic.Length == 0 ? null : basic);
    }
}
