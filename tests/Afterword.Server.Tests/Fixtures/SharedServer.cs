namespace Afterword.Server.Tests.Fixtures;

/// <summary>
/// One server for all tests of a class. For those that only look, or that are refused: none may move the clock, or mind what
/// the others have stored.
/// </summary>
public abstract class SharedServer(Engine engine) : IAsyncLifetime
{
    internal FeedbackFixture Fixture { get; private set; } = null!;

    internal TestServer Server => Fixture.Server;

    public virtual async ValueTask InitializeAsync() => Fixture = await FeedbackFixture.StartAsync(engine);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Fixture.DisposeAsync();
    }
}

public sealed class SharedSqliteServer() : SharedServer(Engine.Sqlite);

public sealed class SharedPostgresServer() : SharedServer(Engine.Postgres);

/// <summary>The same with nobody in it, for pages that know no store.</summary>
public sealed class SharedPages : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync(Engine.Sqlite);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
