using System.Text.Json;
using Afterword.Server.Cli.Senders;
using Afterword.Server.Webhooks;
using Afterword.Server.Webhooks.Pages;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>The address of a chat lets whoever has it write into the channel: it is shown by its host and its end.</summary>
public sealed class ShownUrlTests
{
    [Theory]
    [InlineData(WebhookFormat.Slack, "https://hooks.slack.com/services/T0/B0/PLANTED1234", "https://hooks.slack.com/…1234")]
    [InlineData(WebhookFormat.Teams, "https://prod-1.westeurope.logic.azure.com:443/workflows/PLANTED/triggers/manual?sig=PLANTED5678", "https://prod-1.westeurope.logic.azure.com/…5678")]
    [InlineData(WebhookFormat.Events, "https://desk.example.com/afterword", "https://desk.example.com/afterword")]
    public void Calls_commands_and_pages_show_no_password(object format, string url, string shown)
    {
        var listed = new ListedEndpoint(new(new(1, 2), url, HasBasic: false, 0, null, null, null, null, HasAlerts: false, 0, IsPolled: false, (WebhookFormat)format, AwaitsOperator: false), "furni", 0, 0);

        Assert.Equal(shown, WebhookJson.Of(listed).Url);
        Assert.Equal(shown, WebhookView.Of(listed).Url);
        Assert.Contains($"  {shown}  ", WebhookCommands.Line(listed), StringComparison.Ordinal);
        Assert.DoesNotContain("PLANTED", JsonSerializer.Serialize(WebhookJson.Of(listed), OperatorJson.Default.WebhookJson) + WebhookCommands.Line(listed), StringComparison.Ordinal);
    }
}
