using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Automation.Rules;

namespace Afterword.Server.Tests.Automation;

/// <summary>The values that rules are made of: durations, quiet hours, draws, messages.</summary>
public sealed class RuleValueTests
{
    [Fact]
    public void Durations_are_those_of_iso_8601_with_a_fixed_length()
    {
        (string Text, TimeSpan? Time)[] cases =
        [
            ("PT10M", TimeSpan.FromMinutes(10)), ("P1D", TimeSpan.FromDays(1)), ("P1DT2H3M4S", new(1, 2, 3, 4)), ("P2W", TimeSpan.FromDays(14)), ("PT0S", TimeSpan.Zero),
            ("PT90M", TimeSpan.FromMinutes(90)), ("PT36H", TimeSpan.FromHours(36)), ("P0D", TimeSpan.Zero), ("P9999W", TimeSpan.FromDays(69_993)), ("P9999999DT9999999H", TimeSpan.FromDays(9_999_999) + TimeSpan.FromHours(9_999_999)), ("P99999W", null),
            ("", null), ("P", null), ("PT", null), ("P1", null), ("PD", null), ("P1M", null), ("P1Y", null), ("P1DT", null), ("1D", null), ("p1d", null), ("PT1M1H", null), ("PT1.5H", null), ("PT-1H", null),
            ("P1W1D", null), ("PT1H ", null), ("PT99999999S", null), ("P+1D", null), ("PT1H1H", null), ("-P1D", null), ("PTH", null),
        ];
        foreach (var (text, time) in cases)
        {
            Assert.True(IsoDuration.TryParse(text, out var read) == time is not null && (time ?? read) == read, text);
            if (time is null || time.Value.TotalDays > 9_999_999) continue;

            Assert.True(IsoDuration.TryParse(IsoDuration.Of(read), out var again) && again == read, IsoDuration.Of(read));
        }
    }

    [Fact]
    public void Quiet_hours_move_a_time_to_the_next_opening_by_the_clocks_of_their_zone()
    {
        // Zone, from, to, days, a local time with its offset, and the opening.
        (string Zone, string? From, string To, string Days, string At, string Opens)[] cases =
        [
            ("Europe/Berlin", "21:00", "08:00", "", "2026-01-05T20:59:59+01:00", "2026-01-05T20:59:59+01:00"),
            ("Europe/Berlin", "21:00", "08:00", "", "2026-01-05T21:00:00+01:00", "2026-01-06T08:00:00+01:00"),
            ("Europe/Berlin", "21:00", "08:00", "", "2026-01-06T07:59:59.999+01:00", "2026-01-06T08:00:00+01:00"),
            ("Europe/Berlin", "21:00", "08:00", "", "2026-01-06T08:00:00+01:00", "2026-01-06T08:00:00+01:00"),
            ("Europe/Berlin", "12:00", "13:00", "", "2026-01-06T12:30:00+01:00", "2026-01-06T13:00:00+01:00"),
            ("Europe/Berlin", "21:00", "08:00", "sat,sun", "2026-01-09T22:00:00+01:00", "2026-01-12T08:00:00+01:00"),
            ("Europe/Berlin", null, "00:00", "sat,sun", "2026-01-10T12:00:00+01:00", "2026-01-12T00:00:00+01:00"),
            ("Europe/Berlin", null, "00:00", "mon,tue,wed,thu,fri,sat", "2026-01-05T00:00:00+01:00", "2026-01-11T00:00:00+01:00"),

            // Clocks go forward in the night: from 02:00 to 03:00.
            ("Europe/Berlin", "21:00", "08:00", "", "2026-03-28T22:00:00+01:00", "2026-03-29T08:00:00+02:00"),
            ("Europe/Berlin", "21:00", "02:30", "", "2026-03-28T22:00:00+01:00", "2026-03-29T03:00:00+02:00"),
            ("Europe/Berlin", "02:15", "02:45", "", "2026-03-29T01:59:59+01:00", "2026-03-29T01:59:59+01:00"),

            // And back: from 03:00 to 02:00. What is quiet by the clock is quiet twice.
            ("Europe/Berlin", "21:00", "08:00", "", "2026-10-24T22:00:00+02:00", "2026-10-25T08:00:00+01:00"),
            ("Europe/Berlin", "21:00", "02:30", "", "2026-10-24T22:00:00+02:00", "2026-10-25T02:30:00+02:00"),
            ("Europe/Berlin", "21:00", "02:30", "", "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"),
            ("Europe/Berlin", null, "00:00", "sun", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"),

            // The southern half, where summer begins in October.
            ("Australia/Sydney", "21:00", "08:00", "", "2026-10-03T22:00:00+10:00", "2026-10-04T08:00:00+11:00"),
            ("Australia/Sydney", "21:00", "08:00", "", "2026-04-04T22:00:00+11:00", "2026-04-05T08:00:00+10:00"),
            ("America/Sao_Paulo", "22:00", "06:00", "", "2026-07-01T23:00:00-03:00", "2026-07-02T06:00:00-03:00"),

            // Half an hour, and a midnight that does not exist.
            ("Australia/Lord_Howe", "21:00", "02:15", "", "2026-10-03T22:00:00+10:30", "2026-10-04T02:30:00+11:00"),
            ("Asia/Kolkata", "21:00", "08:00", "", "2026-01-05T23:00:00+05:30", "2026-01-06T08:00:00+05:30"),
            ("America/Santiago", null, "00:00", "sat", "2026-09-05T12:00:00-04:00", "2026-09-06T01:00:00-03:00"),
            ("America/New_York", "20:00", "09:00", "sat,sun", "2026-03-06T23:00:00-05:00", "2026-03-09T09:00:00-04:00"),
        ];
        foreach (var (zone, from, to, days, at, opens) in cases)
        {
            var quiet = Quiet(zone, from, to, days);
            var opening = quiet.NextOpening(DateTimeOffset.Parse(at, CultureInfo.InvariantCulture));
            Assert.True(opening == DateTimeOffset.Parse(opens, CultureInfo.InvariantCulture), $"{zone} {from}–{to} {days} at {at} opens at {opening:O}, not {opens}");
        }
    }

    [Fact]
    public void An_opening_is_the_first_instant_that_is_not_quiet()
    {
        var random = new Random(7);
        string[] zones = ["Europe/Berlin", "Australia/Sydney", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "UTC"];
        for (var i = 0; i < 300; i++)
        {
            var (from, to) = (random.Next(1440), random.Next(1440));
            var days = string.Join(',', new[] { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }.Where(_ => random.Next(3) == 0).Take(5));
            var quiet = Quiet(zones[i % zones.Length], from == to ? null : At(from), At(to), days);
            var at = DateTimeOffset.FromUnixTimeSeconds(1767225600 + random.Next(365 * 86_400));
            var opening = quiet.NextOpening(at);

            Assert.False(quiet.IsQuiet(opening));
            Assert.True(opening == at || quiet.IsQuiet(opening.AddMilliseconds(-1)));
            for (var minute = at; minute < opening; minute = minute.AddMinutes(7)) Assert.True(quiet.IsQuiet(minute), $"{quiet} at {minute:O}");
        }

        static string At(int minutes) => TimeSpan.FromMinutes(minutes).ToString("hh\\:mm", CultureInfo.InvariantCulture);
    }

    [Fact]
    public void A_draw_is_the_first_53_bits_of_the_keyed_hash()
    {
        var key = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef");
        foreach (var id in (string[])["ticket_5555", "", "Zoë 👋"])
        {
            var hash = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(id));
            var bits = hash.Take(8).Aggregate(0UL, (all, one) => (all << 8) | one) >> 11;
            Assert.Equal((long)bits, Draw.Of(key, id).Bits);
            Assert.InRange(Draw.Of(key, id).Value, 0, 1 - double.Epsilon);
        }

        // Of RFC 4231, case 2: the hash begins with 5bdcc146bf60754e.
        Assert.Equal(0x5bdcc146bf60754eL >> 11, Draw.Of("Jefe"u8, "what do ya want for nothing?").Bits);
    }

    [Fact]
    public void A_draw_is_below_a_share_exactly_when_the_numbers_say_so()
    {
        var half = 1L << 52;
        Assert.True(new Draw(half - 1).IsBelow(new(500_000)));
        Assert.False(new Draw(half).IsBelow(new(500_000)));
        Assert.False(new Draw(0).IsBelow(new(0)));
        Assert.True(new Draw(0).IsBelow(new(1)));
        Assert.True(new Draw((1L << 53) - 1).IsBelow(SamplingRate.All));

        // 0.3 is no number of the computer's, and a third of a million draws shows no step at it.
        var key = new byte[32];
        var below = Enumerable.Range(0, 100_000).Count(i => Draw.Of(key, $"t{i}").IsBelow(new(300_000)));
        Assert.InRange(below, 30_000 - 600, 30_000 + 600);
    }

    [Fact]
    public void A_message_is_filled_and_leaves_no_hole()
    {
        (string Text, string Name, string? Agent, string Becomes)[] cases =
        [
            ("Hi {first_name}!", "Ana Maria Silva", null, "Hi Ana!"),
            ("Hi {name}!", "Ana Maria Silva", null, "Hi Ana Maria Silva!"),
            ("Hi {first_name|there}!", "Ana", null, "Hi Ana!"),
            ("From {agent|our team} of {sender}", "Ana", null, "From our team of Furni"),
            ("From {agent|our team} of {sender}", "Ana", "kenji", "From kenji of Furni"),
            ("About {external_id}: {{ok}", "Ana", null, "About t-1: {ok}"),
            ("} is a brace", "Ana", null, "} is a brace"),
            ("e{agent|\u0301}x", "Ana", null, "éx"),
            ("{name}", "Zoe\u0308", null, "Zoë"),
        ];
        foreach (var (text, name, agent, becomes) in cases)
        {
            var wrong = new List<string>();
            var template = MessageTemplate.Parse(text, wrong);
            Assert.True(wrong.Count == 0, $"{text}: {string.Join(", ", wrong)}");
            Assert.Equal(becomes, template.With(new(name, "Furni", agent, "t-1")));
        }

        Assert.Equal(3 + 50 + 100 + 256, MessageTemplate.Parse("{first_name} {agent|x} {external_id}!", []).LongestLength);
    }

    private static QuietHours Quiet(string zone, string? from, string to, string days) => RulesDocumentTests.Good(
        $$"""
        {"quiet_hours":{ {{(from is null ? "" : $"\"from\":\"{from}\",\"to\":\"{to}\",")}} {{(days.Length == 0 ? "" : $"\"days\":[{string.Join(',', days.Split(',').Select(day => $"\"{day}\""))}],")}}
         "time_zone":"{{zone}}"},"rules":[]}
        """.Replace("{ \"t", "{\"from\":\"00:00\",\"to\":\"00:01\",\"t", StringComparison.Ordinal)).Rules.QuietHours!;
}
