using Afterword.Server.Console.Members;
using Afterword.Server.Console.Pages;
using Afterword.Server.SignIn;

namespace Afterword.Server.Console;

/// <summary>What a person is asked before a change that the same page cannot undo. It is a page of its own, so it needs no script.</summary>
/// <param name="Question">Names what is changed: <c>Remove ana@furni.example?</c></param>
/// <param name="Consequence">What happens after a yes.</param>
/// <param name="Button">What the button says: <c>Remove</c>.</param>
/// <param name="Page">Where it was asked for, and where a no leads: <c>people</c>.</param>
public sealed record Confirmation(string Question, string Consequence, string Button, string Page)
{
    /// <summary>The field of the form that says yes.</summary>
    public const string Field = "confirmed";

    /// <summary>What comes with the yes instead of what was entered: whatever the question names.</summary>
    public KeyValuePair<string, string>? Instead { get; init; }
}

internal static class Confirmations
{
    extension(HttpContext http)
    {
        /// <summary>Whether the person has said yes. If not, the question is the answer to the request.</summary>
        /// <param name="membership">Who is asked.</param>
        /// <param name="asked">What.</param>
        public async Task<bool> IsConfirmedAsync(Membership membership, Confirmation asked)
        {
            var form = http.Request.Form;
            if (form[Confirmation.Field] == "yes") return true;

            // All that was entered comes again with the yes.
            var token = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http);
            var fields = form.Where(field => field.Key != token.Name && field.Key != Confirmation.Field).SelectMany(field => field.Value, (field, value) => new KeyValuePair<string, string>(field.Key, asked.Instead is { } named && named.Key == field.Key ? named.Value : value ?? ""));
            await http.ShowConsoleAsync<ConfirmationPage>(membership, 200, new()
            {
                [nameof(ConfirmationPage.Asked)] = asked,
                [nameof(ConfirmationPage.Action)] = http.Request.Path.Value,
                [nameof(ConfirmationPage.Fields)] = fields.ToArray(),
            });
            return false;
        }
    }
}
