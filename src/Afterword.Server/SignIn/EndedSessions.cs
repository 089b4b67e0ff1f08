namespace Afterword.Server.SignIn;

/// <summary>Tells the log of sessions that someone ended. It names people by their ids, and no address.</summary>
internal static partial class EndedSessions
{
    [LoggerMessage(EventId = 1203, Level = LogLevel.Information, Message = "User {User} ended {Count} of their own sessions.")]
    public static partial void OfUser(ILogger log, long user, int count);

    [LoggerMessage(EventId = 1204, Level = LogLevel.Information, Message = "Person {Person} ended {Count} of their own console sessions.")]
    public static partial void OfPerson(ILogger log, long person, int count);

    [LoggerMessage(EventId = 1205, Level = LogLevel.Information, Message = "Person {By} ended all console sessions of person {Person}.")]
    public static partial void OfAnother(ILogger log, long by, long person);
}
