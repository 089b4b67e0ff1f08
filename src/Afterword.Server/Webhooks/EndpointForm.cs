using Afterword.Server.Configuration;
using Afterword.Server.Console;

namespace Afterword.Server.Webhooks;

/// <summary>Reads where something is posted to, as people enter it in the console.</summary>
internal static class EndpointForm
{
    private const int MostBasic = 500;

    /// <summary>Gives the address, and the credentials or null; or null after noting what is wrong.</summary>
    /// <param name="form">What was entered.</param>
    /// <param name="submittedForm">Takes what is wrong.</param>
    /// <param name="settings">Which addresses may be posted to.</param>
    /// <param name="guard">The same.</param>
    /// <param name="others">The sender's webhooks; each address has one.</param>
    public static (Uri Url, string? Basic)? Read(IFormCollection form, SubmittedForm submittedForm, WebhookSettings settings, EgressGuard guard, IReadOnlyList<ListedEndpoint>? others = null)
    {
        var (url, wrong) = WebhookUrl.Read(form["url"].ToString().Trim(), settings, guard);
        if (wrong is not null) submittedForm.Refuse("url", $"It must be {wrong.Replace("; give those with --basic", "; those have a field of their own", StringComparison.Ordinal)}.");
        else if (others?.Any(other => other.IsAt(url!)) == true) submittedForm.Refuse("url", "There is a webhook to this address already, and each event would be sent there twice. If its secret is lost, rotate it; or remove that webhook first.");

        var basic = form["basic"].ToString();
        if (basic.Length > MostBasic || (basic.Length > 0 && !WebhookUrl.IsBasic(basic))) submittedForm.Refuse("basic", "Write user:password, or nothing.");
        return submittedForm.IsWrong ? null : (url!, basic.Length == 0 ? null : basic);
    }
}
