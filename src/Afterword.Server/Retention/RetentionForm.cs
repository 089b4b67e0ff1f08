using System.Globalization;
using Afterword.Server.Parsing;

namespace Afterword.Server.Retention;

/// <summary>How long one kind is kept, as it is typed into the page: a number, or nothing for ever, and a unit.</summary>
public sealed record PeriodField(string Name, string Count, char Unit)
{
    internal static PeriodField Of(string name, RetentionPeriod? period) => new(name, period?.Count.ToString(CultureInfo.InvariantCulture) ?? "", period?.Unit ?? 'm');

    internal static PeriodField Of(string name, IFormCollection form)
    {
        var unit = form[$"{name}_unit"].ToString();
        return new(name, form[name].ToString().Trim(), RetentionPeriod.Units.Select(one => one.Letter).FirstOrDefault(letter => unit == letter.ToString(), 'm'));
    }

    /// <summary>Reads it; false for what is no period.</summary>
    internal bool TryRead(out RetentionPeriod? period)
    {
        period = null;
        return Count.Length == 0 || (WholeNumber.TryRead(Count, out _) && RetentionPeriod.TryParse(Count + Unit, out period));
    }
}

/// <summary>The form of the page.</summary>
public sealed record RetentionForm(PeriodField Texts, PeriodField Messages, PeriodField People)
{
    internal static RetentionForm Of(RetentionPeriods periods) => new(PeriodField.Of("texts", periods.Texts), PeriodField.Of("messages", periods.Messages), PeriodField.Of("people", periods.People));

    internal static RetentionForm Of(IFormCollection form) => new(PeriodField.Of("texts", form), PeriodField.Of("messages", form), PeriodField.Of("people", form));

    internal IEnumerable<PeriodField> All => [Texts, Messages, People];

    /// <summary>What was typed; null when one of it is no period.</summary>
    internal RetentionPeriods? Read() => Texts.TryRead(out var texts) && Messages.TryRead(out var messages) && People.TryRead(out var people) ? new(texts, messages, people) : null;
}
